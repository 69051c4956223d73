import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { toBase64 } from "./base64.ts";
import { safeFileName } from "./file-name.ts";
import type { Attachment, HookAnswer, HookReply, HookVerdict } from "./hook-protocol.ts";
import { jsonHook } from "./json-hook.ts";
import { UndecodableError, UnencodableError } from "./protocol.ts";
import { anyText } from "./testing/any-text.ts";
import { callWith, carried } from "./testing/hook-wire.ts";
import { baselineJpeg, tinyPng } from "./testing/images.vectors.ts";
import { fullReply, problem, rejection, request } from "./testing/json-hook.vectors.ts";
import { arrived, printed, received } from "./testing/wire.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

const payload = { order: 7, 名: "Zoë" };
const call = callWith(payload);
const goesOn: HookVerdict = { kind: "continue", attachments: [], data: payload };
const attachments: readonly Attachment[] = [
  { kind: "image", contentType: "image/png", filename: "dot.png", body: tinyPng },
  { kind: "text", contentType: "text/plain", filename: null, body: bytes("你好") },
  { kind: "file", contentType: "text/csv", filename: "报告.csv", body: bytes("1,2") },
];

function reply(status: number, body = "", contentType: string | null = "application/json"): HookReply {
  return { status, headers: contentType === null ? {} : { "content-type": contentType }, body: bytes(body) };
}

function said(value: unknown): HookReply {
  return reply(200, JSON.stringify(value));
}

describe("the sender's half of the JSON hook dialect", () => {
  it("writes the recorded request, byte for byte", () => {
    expect(printed(jsonHook.encode(call))).toEqual(bytes(request));
  });

  it.each([null, 0, "text", [1], { a: null }])("carries the payload %j", (value) => {
    expect(jsonHook.encode(callWith(value)).body).toEqual(bytes(JSON.stringify(value)));
  });

  it.each(["", "a b", "a\r\nx: y", "名", "a".repeat(65)])("refuses the request id %j", (requestId) => {
    expect(() => jsonHook.encode({ ...call, requestId })).toThrow(UnencodableError);
  });

  it.each<[string, unknown]>([
    ["undefined", undefined],
    ["a function", () => 1],
    ["a bigint", 1n],
    ["a payload that is too deep", JSON.parse(`${"[".repeat(101)}${"]".repeat(101)}`)],
  ])("refuses %s", (_, value) => {
    expect(() => jsonHook.encode(callWith(value))).toThrow(UnencodableError);
  });
});

describe("the meaning of a reply in the JSON hook dialect", () => {
  it("reads the recorded reply that has every member", () => {
    expect(jsonHook.interpret(reply(200, fullReply), call)).toEqual({
      kind: "continue",
      attachments,
      data: { order: 8, 名: "Zoë", discount: 0.5 },
    });
  });

  it("reads the recorded rejection", () => {
    expect(jsonHook.interpret(reply(200, rejection), call)).toEqual({
      kind: "reject",
      reason: "库存不足",
      data: { ...payload, left: 0 },
    });
  });

  it.each([
    ["a 204", reply(204, "ignored", "text/html")],
    ["a 205", reply(205)],
    ["an empty 200", reply(200, "", null)],
    ["an empty 200 of any type", reply(200, "", "text/html")],
    ["an empty object", reply(200, "{}")],
    ["members that are null", said({ action: null, reason: null, data: null, attachments: null })],
    ["members that it does not know", said({ verdict: "reject", __proto: 1 })],
    ["another JSON type", reply(202, "{}", "application/vnd.example+json; charset=utf-8")],
  ])("goes on after %s", (_, received) => {
    expect(jsonHook.interpret(received, call)).toEqual(goesOn);
  });

  it("replaces a payload that is not an object by the data", () => {
    for (const value of [null, 5, "text", [1, 2]]) {
      expect(jsonHook.interpret(said({ data: { a: 1 } }), callWith(value))).toMatchObject({ data: { a: 1 } });
    }
  });

  it("never changes the payload in place, and sets no prototype from a member", () => {
    const frozen = Object.freeze({ a: 1 });
    const verdict = jsonHook.interpret(reply(200, '{"data":{"a":2,"__proto__":{"polluted":1}}}'), callWith(frozen));
    const data = (verdict as { data: object }).data;
    expect(frozen).toEqual({ a: 1 });
    expect(Object.keys(data)).toEqual(["a", "__proto__"]);
    expect(Object.getPrototypeOf(data)).toBe(Object.prototype);
    expect(jsonHook.interpret(reply(200, '{"__proto__":{"action":"reject"}}'), call)).toEqual(goesOn);
  });

  it.each([400, 401, 403, 404, 409, 410, 418, 422, 499])("stops after %d", (status) => {
    expect(jsonHook.interpret(reply(status, "no", "text/plain"), call)).toEqual({
      kind: "reject",
      reason: "no",
      data: payload,
    });
  });

  it.each([100, 199, 300, 302, 304, 399, 408, 429, 500, 502, 503, 599, 0])(
    "accepts %d for a failing server",
    (status) => {
      expect(jsonHook.interpret(reply(status, '{"action":"reject"}'), call)).toEqual({
        kind: "failed",
        code: "http_status",
        detail: `the reply has the status ${status}`,
      });
    },
  );

  it.each<[string, string | null, string]>([
    ["application/json", '{"reason":"r","detail":"d","title":"t"}', "r"],
    ["application/problem+json", problem, "Your plan does not allow this."],
    ["application/problem+json", '{"title":"Forbidden","detail":5}', "Forbidden"],
    ["application/json", '{"error":"e"}', '{"error":"e"}'],
    ["application/json", "[1]", "[1]"],
    ["application/json", "{broken", "{broken"],
    ["application/json", "[".repeat(200), "[".repeat(200)],
    ["application/json", '{"reason":"half \\ud800"}', "half \ufffd"],
    ["text/html", '{"reason":"r"}', '{"reason":"r"}'],
    ["text/plain", "", ""],
  ])("finds the reason in a %s", (contentType, body, reason) => {
    expect(jsonHook.interpret(reply(403, body ?? "", contentType), call)).toMatchObject({ kind: "reject", reason });
  });

  it("reads more of a long reason than is shown, so that addresses can be removed", () => {
    const long = "长".repeat(100_000);
    for (const received of [
      reply(403, long, "text/plain"),
      reply(403, JSON.stringify({ detail: long })),
      said({ action: "reject", reason: long }),
    ]) {
      expect(jsonHook.interpret(received, call)).toMatchObject({ kind: "reject", reason: "长".repeat(4 * 4096) });
    }
  });

  it.each<[string, HookReply]>([
    ["content-type: not JSON, although the body is not empty", reply(200, "<html>", "text/html")],
    ["content-type: not JSON, although the body is not empty", reply(200, "{}", null)],
    ["body: not JSON", reply(200, "{")],
    ["body: not a JSON object", reply(200, "null")],
    ["body: not a JSON object", reply(200, "[]")],
    ["body: JSON deeper than 100 levels", reply(200, '{"data":'.repeat(100_000))],
    ['action: not "continue" or "reject"', said({ action: "Reject" })],
    ['action: not "continue" or "reject"', said({ action: true })],
    ["reason: not a string", said({ reason: 5 })],
    ["data: not a JSON object", said({ data: [1] })],
    ["data: not a JSON object", said({ data: "text" })],
    ["attachments: not an array", said({ attachments: {} })],
    ["attachments: more than 16", said({ attachments: Array.from({ length: 17 }, () => ({})) })],
    ["attachments[0]: not a JSON object", said({ attachments: ["a"] })],
    ['attachments[0].kind: not "image", "text" or "file"', said({ attachments: [{ bodyBase64: "" }] })],
    ["attachments[1].bodyBase64: not base64", said({ attachments: [attached({}), attached({ bodyBase64: "%%" })] })],
    ["attachments[0].bodyBase64: not base64", said({ attachments: [attached({ bodyBase64: undefined })] })],
    ["attachments[0].bodyBase64: not a string", said({ attachments: [attached({ bodyBase64: 1 })] })],
    ["attachments[0].contentType: not a media type", said({ attachments: [attached({ contentType: "a/b\r\nx: y" })] })],
    ["attachments[0].contentType: not a string", said({ attachments: [attached({ contentType: 1 })] })],
    [
      "attachments[0].contentType: longer than 1024 characters",
      said({ attachments: [attached({ contentType: `a/b;${"x".repeat(1024)}` })] }),
    ],
    [
      "attachments[0].filename: longer than 1024 characters",
      said({ attachments: [attached({ filename: `a${" ".repeat(1_000_000)}b` })] }),
    ],
    ["attachments[0].filename: not a string", said({ attachments: [attached({ filename: {} })] })],
    ["attachments[0]: not a whole image", said({ attachments: [attached({ kind: "image" })] })],
    [
      "attachments[0]: not a whole image",
      said({ attachments: [attached({ kind: "image", contentType: "text/html" })] }),
    ],
    [
      "attachments[0]: not a whole image",
      said({
        attachments: [
          attached({ kind: "image", contentType: "image/jpeg", bodyBase64: toBase64(baselineJpeg.subarray(0, -2)) }),
        ],
      }),
    ],
  ])("says %s", (detail, received) => {
    expect(jsonHook.interpret(received, call)).toEqual({ kind: "failed", code: "bad_reply", detail });
  });

  it("detects PNG and JPEG from their bytes, and keeps the declared type of other formats", () => {
    const verdict = jsonHook.interpret(
      said({
        attachments: [
          attached({ kind: "image", contentType: "image/jpeg", bodyBase64: toBase64(tinyPng) }),
          attached({ kind: "image", bodyBase64: toBase64(baselineJpeg) }),
          attached({ kind: "image", contentType: "Image/WebP", bodyBase64: "AAAA" }),
        ],
      }),
      call,
    );
    expect(verdict).toMatchObject({
      attachments: [{ contentType: "image/png" }, { contentType: "image/jpeg" }, { contentType: "image/webp" }],
    });
  });

  it.each([
    ["../../etc/passwd", "passwd"],
    ["..", null],
    ["a\r\nb", "ab"],
    ["", null],
  ])("cleans the file name %j", (filename, safe) => {
    expect(jsonHook.interpret(said({ attachments: [attached({ filename })] }), call)).toMatchObject({
      attachments: [{ filename: safe }],
    });
  });

  it("returns a verdict for any reply, and never throws", () => {
    const members = fc.record(
      {
        action: fc.oneof(fc.constantFrom("continue", "reject"), fc.jsonValue()),
        reason: fc.jsonValue(),
        data: fc.jsonValue(),
        attachments: fc.oneof(
          fc.jsonValue(),
          fc.array(
            fc.record(
              {
                kind: fc.constantFrom("image", "text", "file", 1),
                contentType: fc.jsonValue(),
                filename: fc.jsonValue(),
                bodyBase64: fc.oneof(fc.base64String(), fc.jsonValue()),
              },
              { requiredKeys: [] },
            ),
          ),
        ),
      },
      { requiredKeys: [] },
    );
    const body = fc.oneof(
      fc.uint8Array({ maxLength: 50 }),
      fc.oneof(members, fc.jsonValue()).map((value) => bytes(JSON.stringify(value))),
    );
    const type = fc.oneof(fc.constantFrom("application/json", "text/plain"), anyText({ maxLength: 20 }));
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 999 }),
        type,
        body,
        fc.jsonValue(),
        (status, contentType, content, payload) => {
          const hostile = { status, headers: { "content-type": contentType }, body: content };
          expect(["continue", "reject", "failed"]).toContain(jsonHook.interpret(hostile, callWith(payload)).kind);
        },
      ),
    );
  });
});

describe("the receiver's half of the JSON hook dialect", () => {
  it("reads the recorded request", () => {
    expect(jsonHook.decode(received(request))).toEqual({ payload, requestId: "0194-a", key: null });
  });

  it("reads the sender's requests", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.uuid(), (value, requestId) => {
        const sent = JSON.parse(JSON.stringify(value)) as unknown;
        expect(jsonHook.decode(arrived(jsonHook.encode({ ...callWith(sent), requestId })))).toEqual({
          payload: sent,
          requestId,
          key: null,
        });
      }),
    );
  });

  it("accepts a call without a request id", () => {
    expect(jsonHook.decode({ method: "POST", headers: {}, body: bytes("5") })).toMatchObject({
      payload: 5,
      requestId: null,
    });
  });

  it.each<[string, string, string, string]>([
    ["method: a call is always a POST", "PUT", "1", "{}"],
    ["ringback-request-id: not 1 to 64 letters, digits and hyphens", "POST", "a b", "{}"],
    ["ringback-request-id: longer than 8192 characters", "POST", "a".repeat(9000), "{}"],
    ["body: not JSON", "POST", "1", ""],
    ["body: JSON deeper than 100 levels", "POST", "1", "[".repeat(101)],
  ])("says %s", (message, method, requestId, body) => {
    const decode = (): unknown =>
      jsonHook.decode({ method, headers: { "ringback-request-id": requestId }, body: bytes(body) });
    expect(decode).toThrow(UndecodableError);
    expect(decode).toThrow(message);
  });

  it("writes the recorded replies, byte for byte", () => {
    expect(jsonHook.reply({ action: "continue", attachments, data: { order: 8, discount: 0.5 } })).toEqual({
      status: 200,
      headers: { "content-type": "application/json" },
      body: bytes(fullReply),
    });
    expect(jsonHook.reply({ action: "reject", reason: "库存不足", data: { left: 0 } }).body).toEqual(
      bytes('{"action":"reject","reason":"库存不足","data":{"left":0}}'),
    );
    expect(jsonHook.reply({ action: "continue" })).toEqual({ status: 204, headers: {}, body: "" });
  });

  it("writes replies that the sender's half reads", () => {
    const filename = fc.option(anyText({ maxLength: 30 })).map((text) => (text === null ? null : safeFileName(text)));
    const attachment: fc.Arbitrary<Attachment> = fc.record({
      kind: fc.constantFrom("text" as const, "file" as const),
      contentType: fc.constantFrom(null, "text/plain", "application/vnd.a+json"),
      filename,
      body: fc.uint8Array({ maxLength: 40 }),
    });
    const data = fc.dictionary(fc.string(), fc.jsonValue());
    const answers: fc.Arbitrary<HookAnswer> = fc.oneof(
      fc.record({ action: fc.constant("reject" as const), reason: anyText({ maxLength: 50 }), data }),
      fc.record({
        action: fc.constant("continue" as const),
        attachments: fc.array(attachment, { maxLength: 4 }),
        data,
      }),
      fc.record({ action: fc.constant("continue" as const) }),
    );
    fc.assert(
      fc.property(answers, (answer) => {
        const verdict = jsonHook.interpret(carried(jsonHook.reply(answer)), callWith(null));
        const merged = JSON.parse(JSON.stringify(answer.data ?? null)) as unknown;
        expect(verdict).toEqual(
          answer.action === "reject"
            ? { kind: "reject", reason: answer.reason, data: merged }
            : { kind: "continue", attachments: answer.attachments ?? [], data: merged },
        );
      }),
    );
  });

  const file: Attachment = { kind: "file", contentType: null, filename: null, body: bytes("1") };
  it.each<[string, unknown]>([
    ["a misspelt action", { action: "reject " }],
    ["data that is no object", { action: "continue", data: 5 }],
    ["data that JSON has no form for", { action: "continue", data: { a: 1n } }],
    ["an answer larger than a call may be", { action: "continue", data: { a: "a".repeat(8 * 1024 * 1024) } }],
    ["a rejection with an attachment", { action: "reject", attachments: [file] }],
    ["seventeen attachments", { action: "continue", attachments: Array.from({ length: 17 }, () => file) }],
    ["a name with a folder", { action: "continue", attachments: [{ ...file, filename: "a/b" }] }],
    [
      "a content type with parameters",
      { action: "continue", attachments: [{ ...file, contentType: "text/plain; a=b" }] },
    ],
    ["a content type in upper case", { action: "continue", attachments: [{ ...file, contentType: "Text/Plain" }] }],
    ["an image of no known format", { action: "continue", attachments: [{ ...file, kind: "image" }] }],
    [
      "an image under another's name",
      {
        action: "continue",
        attachments: [{ kind: "image", contentType: "image/jpeg", filename: null, body: tinyPng }],
      },
    ],
  ])("cannot carry %s", (_, answer) => {
    expect(() => jsonHook.reply(answer as HookAnswer)).toThrow(UnencodableError);
  });
});

function attached(members: Record<string, unknown>): Record<string, unknown> {
  return { kind: "file", bodyBase64: "MSwy", ...members };
}
