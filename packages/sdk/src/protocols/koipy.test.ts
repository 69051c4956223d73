import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { safeFileName } from "./file-name.ts";
import type { Attachment, HookAnswer } from "./hook-protocol.ts";
import { koipy } from "./koipy.ts";
import { UndecodableError, UnencodableError } from "./protocol.ts";
import { anyText } from "./testing/any-text.ts";
import { callWith, carried, replied } from "./testing/hook-wire.ts";
import { tinyPng } from "./testing/images.vectors.ts";
import {
  allowedReply,
  blockedReply,
  drawingError,
  drawnPng,
  handlerError,
  imageRejection,
  resultPayload,
  resultReply,
} from "./testing/koipy.vectors.ts";
import { arrived, printed } from "./testing/wire.ts";
import { bytes, call, goesOn, jsonReply, nothing, payload } from "./testing/koipy-reply.ts";

describe("the sender's half of koipy", () => {
  it("writes the callback data as JSON, byte for byte", () => {
    expect(new TextDecoder().decode(printed(koipy.encode(callWith({ message: { text: "/测试" }, addons: {} }))))).toBe(
      'POST /cgi HTTP/1.1\nContent-Type: application/json\n\n{"message":{"text":"/测试"},"addons":{}}',
    );
  });

  it("writes and reads JSON through the caller's codec, so that large integers keep their digits", () => {
    const codec = {
      parse: (text: string): unknown =>
        JSON.parse(text.replaceAll(/\b\d{17,}\b/g, '"big:$&"'), (_, value: unknown) =>
          typeof value === "string" && value.startsWith("big:") ? BigInt(value.slice(4)) : value,
        ),
      stringify: (value: unknown) =>
        JSON.stringify(value, (_, member: unknown) =>
          typeof member === "bigint" ? `big:${member}` : member,
        ).replaceAll(/"big:(\d+)"/g, "$1"),
    };
    const large = { ...callWith({ result: { id: 12345678901234567890n } }), json: codec };
    expect(new TextDecoder().decode(koipy.encode(large).body)).toBe('{"result":{"id":12345678901234567890}}');
    expect(koipy.interpret(jsonReply('{"result":{"other":18446744073709551615}}'), large)).toMatchObject({
      data: { result: { id: 12345678901234567890n, other: 18446744073709551615n } },
    });
  });

  const cycle: Record<string, unknown> = {};
  cycle["self"] = cycle;
  it.each<[string, unknown]>([
    ["no object", "text"],
    ["a list", []],
    ["nothing", undefined],
    ["null", null],
    ["a cycle", cycle],
    ["a bigint that JSON has no form for", { result: { id: 1n } }],
    ["a hundred and one levels", { result: JSON.parse(`${"[".repeat(100)}${"]".repeat(100)}`) }],
    ["more levels than the stack", { result: nested(100_000) }],
    ["more bytes than a receiver takes", { result: "a".repeat(8 * 1024 * 1024) }],
  ])("cannot carry a payload that is %s", (_, value) => {
    expect(() => koipy.encode(callWith(value))).toThrow(UnencodableError);
  });
});

describe("the meaning to koipy of recorded replies of the document's server", () => {
  it("lets a user through with an application/json of no bytes", () => {
    expect(koipy.interpret(replied(allowedReply), call)).toEqual(goesOn);
  });

  it("rejects a blocked user with the reason that the server sent", () => {
    expect(koipy.interpret(replied(blockedReply), call)).toEqual({
      kind: "reject",
      reason: "你已被拉黑!",
      data: payload,
    });
  });

  it("rejects with the text in the bytes of an image, if the status is 403", () => {
    expect(koipy.interpret(replied(imageRejection), call)).toEqual({
      kind: "reject",
      reason: new TextDecoder().decode(drawnPng),
      data: payload,
    });
  });

  it("rejects with the error text of a handler that failed", () => {
    expect(koipy.interpret(replied(drawingError), call)).toMatchObject({
      kind: "reject",
      reason: "Error generating image: argument of type 'int' is not iterable",
    });
    expect(koipy.interpret(replied(handlerError), call)).toMatchObject({
      kind: "reject",
      reason: "500 Internal Server Error\n\nServer got itself in trouble",
    });
  });

  it("returns the added column", () => {
    const sentPayload = JSON.parse(resultPayload) as Record<string, unknown>;
    expect(koipy.interpret(replied(resultReply), callWith(sentPayload))).toEqual({
      kind: "continue",
      attachments: [],
      data: {
        ...sentPayload,
        result: { ...(sentPayload["result"] as object), NewKey: ["回调新增数据1", "回调新增数据1"] },
      },
    });
  });
});

describe("the receiver's half of koipy", () => {
  it("reads the sender's requests", () => {
    fc.assert(
      fc.property(fc.dictionary(anyText({ maxLength: 10 }), fc.jsonValue()), (data) => {
        const sent = JSON.parse(JSON.stringify(data)) as unknown;
        expect(koipy.decode(arrived(koipy.encode(callWith(sent))))).toEqual({
          payload: sent,
          requestId: null,
          key: null,
        });
      }),
    );
  });

  it("reads the callback data whatever its content type", () => {
    expect(koipy.decode({ method: "POST", headers: {}, body: bytes(resultPayload) }).payload).toMatchObject({
      result: { 线程: 4 },
    });
  });

  it.each([
    ["method: a call is always a POST", "GET", bytes("{}")],
    ["method: a call is always a POST", "post", bytes("{}")],
    ["body: not JSON", "POST", nothing],
    ["body: not JSON", "POST", bytes("{")],
    ["body: not UTF-8", "POST", Uint8Array.of(0x22, 0xff, 0x22)],
    ["body: not a JSON object", "POST", bytes("[]")],
    ["body: not a JSON object", "POST", bytes("null")],
    ["body: JSON deeper than 100 levels", "POST", bytes("[".repeat(1_000_000))],
    ["body: larger than 8388608 bytes", "POST", new Uint8Array(8 * 1024 * 1024 + 1)],
  ])("says %s", (message, method, body) => {
    const decode = (): unknown => koipy.decode({ method, headers: {}, body });
    expect(decode).toThrow(UndecodableError);
    expect(decode).toThrow(new RegExp(`^${message}$`));
  });

  it("writes a veto, an image, a text, a file and data as documented", () => {
    expect(koipy.reply({ action: "reject", reason: "你已被拉黑!" })).toEqual({
      status: 403,
      headers: { "content-type": "text/plain; charset=utf-8" },
      body: "你已被拉黑!",
    });
    expect(koipy.reply({ action: "continue" })).toEqual({ status: 204, headers: {}, body: "" });
    const image = { kind: "image", contentType: "image/png", filename: "test.png", body: tinyPng } as const;
    expect(koipy.reply({ action: "continue", attachments: [image] })).toEqual({
      status: 200,
      headers: { "content-type": "image/png", "content-disposition": 'attachment; filename="test.png"' },
      body: tinyPng,
    });
    const file = { kind: "file", contentType: "text/csv", filename: null, body: bytes("1,2") } as const;
    expect(koipy.reply({ action: "continue", attachments: [file] })).toEqual({
      status: 200,
      headers: { "content-disposition": "attachment" },
      body: bytes("1,2"),
    });
    const text = { kind: "text", contentType: null, filename: null, body: bytes("hi") } as const;
    expect(koipy.reply({ action: "continue", attachments: [text] })).toEqual({
      status: 200,
      headers: { "content-type": "text/plain; charset=utf-8" },
      body: bytes("hi"),
    });
    expect(koipy.reply({ action: "continue", data: { result: { a: 1 } } })).toEqual({
      status: 200,
      headers: { "content-type": "application/json" },
      body: bytes('{"result":{"a":1}}'),
    });
  });

  it("declares the true type of an image", () => {
    const image = { kind: "image", contentType: "image/jpeg", filename: null, body: tinyPng } as const;
    expect(koipy.reply({ action: "continue", attachments: [image] }).headers).toEqual({ "content-type": "image/png" });
  });

  it("writes replies that the sender's half reads", () => {
    const filename = fc.option(anyText({ maxLength: 30 })).map((text) => (text === null ? null : safeFileName(text)));
    const attachment: fc.Arbitrary<Attachment> = fc.oneof(
      fc.record({
        kind: fc.constant("image" as const),
        contentType: fc.constant("image/png"),
        filename,
        body: fc.constant(tinyPng),
      }),
      fc.record({
        kind: fc.constant("text" as const),
        contentType: fc.constant("text/plain"),
        filename,
        body: anyText({ minLength: 1 }).map(bytes),
      }),
      fc.record({
        kind: fc.constant("file" as const),
        contentType: fc.constant(null),
        filename,
        body: fc.uint8Array({ minLength: 1 }),
      }),
    );
    const reason = anyText({ maxLength: 50 }).map((text) => text.replace(/^\ufeff/, ""));
    const data = fc.dictionary(
      fc.constantFrom("message", "config", "slaveRequest", "result", "addons"),
      fc.dictionary(fc.string(), fc.jsonValue()),
    );
    const answers: fc.Arbitrary<HookAnswer> = fc.oneof(
      fc.record({ action: fc.constant("reject" as const), reason }),
      fc.record({ action: fc.constant("continue" as const) }),
      fc.record({ action: fc.constant("continue" as const), attachments: fc.tuple(attachment) }),
      fc.record({ action: fc.constant("continue" as const), data }),
    );
    fc.assert(
      fc.property(answers, (answer) => {
        const verdict = koipy.interpret(carried(koipy.reply(answer)), callWith({}));
        const merged = JSON.parse(JSON.stringify(answer.data ?? {})) as unknown;
        expect(verdict).toEqual(
          answer.action === "reject"
            ? { kind: "reject", reason: answer.reason, data: {} }
            : { kind: "continue", attachments: answer.attachments ?? [], data: merged },
        );
      }),
    );
  });

  const png: Attachment = { kind: "image", contentType: "image/png", filename: null, body: tinyPng };
  it.each<[string, unknown]>([
    ["two attachments", { action: "continue", attachments: [png, png] }],
    ["an attachment and data", { action: "continue", attachments: [png], data: {} }],
    ["a veto with data", { action: "reject", data: {} }],
    ["a veto with an attachment", { action: "reject", attachments: [png] }],
    ["an image that is cut off", { action: "continue", attachments: [{ ...png, body: tinyPng.subarray(0, 30) }] }],
    ["a name that leads out of the folder", { action: "continue", attachments: [{ ...png, filename: "../a" }] }],
    ["a name that would write headers", { action: "continue", attachments: [{ ...png, filename: "a\r\nx: y" }] }],
    ["a kind that there is not", { action: "continue", attachments: [{ ...png, kind: "video" }] }],
    ["data that is no object", { action: "continue", data: [1] }],
    ["a member that is no object", { action: "continue", data: { result: [1] } }],
    ["data that JSON has no form for", { action: "continue", data: { result: { a: 1n } } }],
    ["a misspelt action", { action: "Reject" }],
    ["a reason that is no text", { action: "reject", reason: 5 }],
  ])("cannot carry %s", (_, answer) => {
    expect(() => koipy.reply(answer as HookAnswer)).toThrow(UnencodableError);
  });
});

function nested(depth: number): unknown {
  let value: unknown = [];
  for (let level = 1; level < depth; level++) value = [value];
  return value;
}
