import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import type { Attachment, HookVerdict } from "./hook-protocol.ts";
import { koipy } from "./koipy.ts";
import { anyText } from "./testing/any-text.ts";
import { callWith } from "./testing/hook-wire.ts";
import { baselineJpeg, progressiveJpeg, tinyPng } from "./testing/images.vectors.ts";
import { drawnPng } from "./testing/koipy.vectors.ts";
import { bytes, call, goesOn, jsonReply, nothing, payload, reply } from "./testing/koipy-reply.ts";

function shown(verdict: HookVerdict): readonly Attachment[] {
  if (verdict.kind !== "continue") throw new Error(`not a continue: ${JSON.stringify(verdict)}`);
  return verdict.attachments;
}

describe("the meaning of a reply's status to koipy", () => {
  it.each([201, 202, 204, 206, 299, 300, 301, 302, 304, 399, 400])(
    "goes on after %d, whatever else it says",
    (status) => {
      for (const type of ["image/png", "text/plain", "application/json", undefined]) {
        const headers = type === undefined ? {} : { "content-type": type };
        expect(koipy.interpret(reply(status, headers, "{"), call)).toEqual(goesOn);
      }
    },
  );

  it.each([401, 403, 404, 408, 429, 451, 500, 502, 599])("stops after %d", (status) => {
    expect(koipy.interpret(reply(status, {}, "no"), call)).toEqual({ kind: "reject", reason: "no", data: payload });
  });

  it("gives an empty reason when a veto has no body", () => {
    expect(koipy.interpret(reply(403), call)).toEqual({ kind: "reject", reason: "", data: payload });
  });

  it("reads more of a long reason than is shown, so that addresses can be removed", () => {
    const verdict = koipy.interpret(reply(500, {}, "长".repeat(100_000)), call);
    expect(verdict).toEqual({ kind: "reject", reason: "长".repeat(4 * 4096), data: payload });
  });
});

describe("the meaning of the content type of a 200 to koipy", () => {
  it.each([
    ["image/png", tinyPng, "image/png"],
    ["image/jpeg", baselineJpeg, "image/jpeg"],
    ["IMAGE/JPEG; q=1", progressiveJpeg, "image/jpeg"],
    ["image/jpeg", drawnPng, "image/png"],
    ["image/png", baselineJpeg, "image/jpeg"],
  ])("shows what comes as %s as the image that it is", (label, body, contentType) => {
    expect(koipy.interpret(reply(200, { "content-type": label }, body), call)).toEqual({
      kind: "continue",
      attachments: [{ kind: "image", contentType, filename: null, body }],
      data: payload,
    });
  });

  it("keeps the name of an image", () => {
    const headers = { "content-type": "image/png", "content-disposition": 'attachment; filename="test.jpg"' };
    expect(shown(koipy.interpret(reply(200, headers, tinyPng), call))).toEqual([
      { kind: "image", contentType: "image/png", filename: "test.jpg", body: tinyPng },
    ]);
  });

  it.each([
    ["no bytes", nothing],
    ["half a PNG", tinyPng.subarray(0, 40)],
    ["a PNG without its last byte", drawnPng.subarray(0, -1)],
    ["a JPEG without its end", baselineJpeg.subarray(0, -2)],
    ["a web page", bytes("<html>")],
    ["a GIF", bytes("GIF89a")],
  ])("cannot use an image that is %s", (_, body) => {
    expect(koipy.interpret(reply(200, { "content-type": "image/png" }, body), call)).toEqual({
      kind: "failed",
      code: "bad_reply",
      detail: "body: not a whole JPEG or PNG",
    });
  });

  it.each(["plain/text", "text/plain", "Text/Plain; charset=utf-8"])(
    "shows the text of a reply with the type %s",
    (label) => {
      expect(shown(koipy.interpret(reply(200, { "content-type": label }, "还有 10 分"), call))).toEqual([
        { kind: "text", contentType: "text/plain", filename: null, body: bytes("还有 10 分") },
      ]);
    },
  );

  it("shows nothing for an empty text", () => {
    expect(koipy.interpret(reply(200, { "content-type": "text/plain" }), call)).toEqual(goesOn);
  });

  it.each([
    ["attachment; filename=\"a.csv\"; filename*=UTF-8''%E6%8A%A5%E5%91%8A.csv", "报告.csv"],
    ['attachment; filename="../../../etc/passwd"', "passwd"],
    ["attachment; filename*=UTF-8''%2e%2e%2f", null],
    ['attachment; filename="a\r\nX-Evil: 1"', "aX-Evil_ 1"],
    ['attachment; filename="a\\"; filename=b"', "a_; filename=b"],
    ['attachment; filename="..\\\\..\\\\boot.ini"', "boot.ini"],
    ["attachment", null],
    ["", null],
  ])("shows a file where there is no content type, with the safe name in %j", (disposition, filename) => {
    const headers = { "content-disposition": disposition };
    expect(koipy.interpret(reply(200, headers, "1,2"), call)).toEqual({
      kind: "continue",
      attachments: [{ kind: "file", contentType: null, filename, body: bytes("1,2") }],
      data: payload,
    });
  });

  it("shows a file without a name, one whose content type is blank, and one without bytes that has a name", () => {
    expect(shown(koipy.interpret(reply(200, {}, "x"), call))).toHaveLength(1);
    expect(shown(koipy.interpret(reply(200, { "content-type": " " }, "x"), call))).toMatchObject([{ kind: "file" }]);
    const named = reply(200, { "content-disposition": "attachment; filename=empty.txt" });
    expect(shown(koipy.interpret(named, call))).toMatchObject([{ filename: "empty.txt", body: nothing }]);
  });

  it("shows nothing for a 200 without content type and body", () => {
    expect(koipy.interpret(reply(200), call)).toEqual(goesOn);
  });

  it.each([
    "text/html",
    "application/octet-stream",
    "image/gif",
    "text/json",
    "application/problem+json",
    "nonsense",
    "/",
  ])("goes on after a %s, which the document does not name", (label) => {
    expect(koipy.interpret(reply(200, { "content-type": label }, "{}"), call)).toEqual(goesOn);
  });
});

describe("merging into koipy's data", () => {
  it("merges the members of each object into the payload's object, and keeps all others unchanged", () => {
    const verdict = koipy.interpret(
      jsonReply('{"result":{"NewKey":[1],"节点名称":["a"]},"slaveRequest":{"items":{"deep":1}},"other":{"x":1}}'),
      call,
    );
    expect(verdict).toEqual({
      kind: "continue",
      attachments: [],
      data: {
        ...payload,
        result: { 节点名称: ["a"], NewKey: [1] },
        slaveRequest: { slave: "a", items: { deep: 1 } },
      },
    });
  });

  it("never changes the payload in place", () => {
    const frozen = deeplyFrozen(structuredClone(payload));
    const verdict = koipy.interpret(jsonReply('{"result":{"a":1},"addons":{"b":2}}'), callWith(frozen));
    expect(verdict).toMatchObject({ data: { result: { a: 1 }, addons: { b: 2 } } });
    expect(frozen).toEqual(payload);
  });

  it("adds a member that the payload lacks, and ignores a member that is null", () => {
    const sparse = callWith({ result: { a: 1 }, addons: null });
    expect(koipy.interpret(jsonReply('{"message":{"m":1},"result":null,"addons":{"x":1}}'), sparse)).toMatchObject({
      data: { result: { a: 1 }, addons: { x: 1 }, message: { m: 1 } },
    });
  });

  it("accepts an echo of a payload that koipy would not send", () => {
    const strange = { message: "text", config: [1], result: {}, more: true };
    expect(koipy.interpret(jsonReply(JSON.stringify(strange)), callWith(strange))).toEqual({
      kind: "continue",
      attachments: [],
      data: strange,
    });
  });

  it.each(["[1]", '"text"', "5", "false"])("does not replace an object by %s", (value) => {
    expect(koipy.interpret(jsonReply(`{"result":${value}}`), call)).toEqual({
      kind: "failed",
      code: "bad_reply",
      detail: "result: not a JSON object",
    });
    expect(koipy.interpret(jsonReply(`{"result":${value}}`), callWith({}))).toMatchObject({ kind: "failed" });
  });

  it.each([" ", "\r\n\t", "null", "[]", '{"addons":[]}', '{"result":[],"message":null}'])(
    "merges nothing from %j, which is how other languages write nothing",
    (body) => {
      expect(koipy.interpret(jsonReply(body), call)).toEqual({ kind: "continue", attachments: [], data: payload });
    },
  );

  it("merges the other members when one member is PHP's empty object", () => {
    const verdict = koipy.interpret(jsonReply('{"addons":[],"result":{"a":1}}'), callWith({}));
    expect(verdict).toEqual({ kind: "continue", attachments: [], data: { result: { a: 1 } } });
  });

  it("reads JSON after a byte order mark", () => {
    expect(koipy.interpret(jsonReply('\ufeff{"result":{"a":1}}'), call)).toMatchObject({ data: { result: { a: 1 } } });
  });

  it.each([
    ["body: not JSON", "{"],
    ["body: not JSON", '{"result":{}} trailing'],
    ["body: not JSON", "\u00a0"],
    ["body: not a JSON object", "[{}]"],
    ["body: not a JSON object", '"text"'],
    ["body: JSON deeper than 100 levels", `{"result":{"a":${"[".repeat(99)}${"]".repeat(99)}}}`],
    ["body: JSON deeper than 100 levels", "[".repeat(4_000_000)],
    ["body: JSON deeper than 100 levels", '{"a":'.repeat(1_000_000)],
  ])("says %s", (detail, body) => {
    expect(koipy.interpret(jsonReply(body), call)).toEqual({ kind: "failed", code: "bad_reply", detail });
  });

  it("reports JSON that is not UTF-8", () => {
    const body = Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d);
    expect(koipy.interpret(reply(200, { "content-type": "application/json" }, body), call)).toMatchObject({
      kind: "failed",
      detail: "body: not UTF-8",
    });
  });

  it("treats members named like members of Object.prototype as plain members, and reads no inherited member", () => {
    const hostile =
      '{"__proto__":{"result":{"polluted":1}},"constructor":{"prototype":{"polluted":1}},' +
      '"result":{"__proto__":{"polluted":1},"constructor":1,"toString":2}}';
    const verdict = koipy.interpret(jsonReply(hostile), call);
    const data = (verdict as { data: typeof payload }).data;
    expect(Object.keys(data)).toEqual(Object.keys(payload));
    expect(Object.keys(data.result)).toEqual(["节点名称", "__proto__", "constructor", "toString"]);
    for (const object of [data, data.result]) {
      expect(Object.getPrototypeOf(object)).toBe(Object.prototype);
      expect((object as { polluted?: unknown }).polluted).toBeUndefined();
    }
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  it("reads no inherited member, even if the caller's codec lets a reply set its prototype", () => {
    const inheriting: unknown = Object.create({ result: { polluted: 1 } });
    const careless = { ...call, json: { parse: () => inheriting, stringify: JSON.stringify } };
    expect(koipy.interpret(jsonReply('{"__proto__":{"result":{"polluted":1}}}'), careless)).toEqual(goesOn);
  });

  it("has the same result as overwriting key by key, for any two objects", () => {
    const member = fc.dictionary(
      fc.oneof(fc.constantFrom("a", "b", "__proto__", "constructor"), fc.string()),
      fc.jsonValue({ maxDepth: 1 }),
      {
        maxKeys: 5,
      },
    );
    const data = fc.record(
      { message: member, config: member, slaveRequest: member, result: member, addons: member },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(data, data, (ours, theirs) => {
        const sentPayload = JSON.parse(JSON.stringify(ours)) as Record<string, object>;
        const verdict = koipy.interpret(jsonReply(JSON.stringify(theirs)), callWith(sentPayload));
        const expected = new Map(
          Object.entries(sentPayload).map(([name, value]) => [name, new Map(Object.entries(value))]),
        );
        for (const [name, value] of Object.entries(theirs)) {
          const into = expected.get(name) ?? new Map<string, unknown>();
          for (const [key, inner] of Object.entries(value)) into.set(key, inner);
          expected.set(name, into);
        }
        const merged = Object.entries((verdict as { data: Record<string, object> }).data);
        expect(JSON.stringify(sorted(merged.map(([name, value]) => [name, sorted(Object.entries(value))])))).toBe(
          JSON.stringify(sorted([...expected].map(([name, value]) => [name, sorted([...value])]))),
        );
      }),
    );
  });

  it("returns a verdict for any reply, and never throws", () => {
    const header = fc.oneof(
      fc.constantFrom(
        "image/png",
        "image/jpeg",
        "text/plain",
        "plain/text",
        "application/json",
        "attachment; filename=a",
      ),
      anyText({ maxLength: 30 }),
    );
    const headers = fc.dictionary(fc.constantFrom("content-type", "content-disposition", "__proto__"), header);
    const body = fc.oneof(fc.uint8Array({ maxLength: 50 }), fc.json().map(bytes));
    const payloads = fc.oneof(fc.constant(payload), fc.jsonValue());
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 999 }),
        headers,
        body,
        payloads,
        (status, hostile, content, sentPayload) => {
          const verdict = koipy.interpret({ status, headers: hostile, body: content }, callWith(sentPayload));
          expect(["continue", "reject", "failed"]).toContain(verdict.kind);
        },
      ),
    );
  });
});

function deeplyFrozen<T extends object>(value: T): T {
  for (const member of Object.values(value)) if (typeof member === "object" && member !== null) deeplyFrozen(member);
  return Object.freeze(value);
}

function sorted<T>(entries: [string, T][]): [string, T][] {
  return entries.sort(([a], [b]) => (a < b ? -1 : 1));
}
