import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { UndecodableError, UnencodableError } from "./protocol.ts";
import type { IncomingRequest } from "./protocol.ts";
import { barePush, textPush } from "./testing/wechat.vectors.ts";
import { arrived, deliveries, printed, received, sampleDelivery } from "./testing/wire.ts";
import { wechat, wechatPush } from "./wechat.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const post = (body: string | Uint8Array): IncomingRequest => ({
  method: "POST",
  headers: {},
  body: typeof body === "string" ? bytes(body) : body,
});
const recorded = received(textPush);

describe("the sender's half of wechat", () => {
  it.each([textPush, barePush])("writes the recorded request, byte for byte", (push) => {
    const encoded = wechat.encode({ ...sampleDelivery, body: received(push).body, contentType: "text/plain" });
    expect(printed(encoded)).toEqual(bytes(push.replace("/weixinCallback", "/cgi")));
  });

  it("sends the message's own bytes, not a copy of them", () => {
    const delivery = { ...sampleDelivery, body: recorded.body };
    expect(wechat.encode(delivery).body).toBe(delivery.body);
  });

  it("can be sent over TCP and WebSockets as well", () => {
    expect(wechat.schemes).toEqual(["http", "https", "ws", "wss", "tcp"]);
  });

  it.each([
    ["nothing", ""],
    ["text", "hello"],
    ["a number", "1"],
    ["null", "null"],
    ["an array", '[{"pushType":1}]'],
    ["half an object", '{"pushType":1'],
    ["an object with more behind it", "{}{}"],
    ["a trailing comma", '{"a":1,}'],
    ["a byte order mark", "\uFEFF{}"],
    ["a thousand arrays in each other", `{"a":${"[".repeat(1000)}${"]".repeat(1000)}}`],
    ["a million open arrays", "[".repeat(1_000_000)],
  ])("cannot carry %s", (_, body) => {
    expect(() => wechat.encode({ ...sampleDelivery, body: bytes(body) })).toThrow(UnencodableError);
  });

  it.each([[[0xff]], [[0x7b, 0xff, 0x7d]], [[0x7b, 0x22, 0xc3, 0x22, 0x7d]]])(
    "cannot carry the bytes %j, which are not UTF-8",
    (octets) => {
      expect(() => wechat.encode({ ...sampleDelivery, body: Uint8Array.from(octets) })).toThrow(/^body: not UTF-8$/);
    },
  );

  it("depends on the status, on 410, and on Retry-After", () => {
    const reply = { headers: {}, body: bytes('{"response":"success"}') };
    expect(wechat.interpret({ ...reply, status: 200 })).toEqual({ kind: "accepted" });
    expect(wechat.interpret({ ...reply, status: 500 })).toMatchObject({ kind: "failed", code: "http_status" });
    expect(wechat.interpret({ ...reply, status: 410 })).toEqual({ kind: "gone" });
    expect(wechat.interpret({ ...reply, status: 503, headers: { "retry-after": "7" } })).toMatchObject({
      retryAfter: { delayMs: 7000 },
    });
  });
});

describe("the receiver's half of wechat", () => {
  it("reads the recorded request, with all digits of its id", () => {
    expect(wechat.decode(recorded)).toEqual({
      protocol: "wechat",
      topicOwner: null,
      topic: null,
      subscription: null,
      messageId: "1234567890123456789012",
      requestId: null,
      attempt: null,
      publishedAtMs: 1665206058_000,
      body: recorded.body,
      contentType: "application/json",
      tags: [],
      type: null,
      orderingKey: null,
      attributes: {},
    });
  });

  it("returns the published bytes unchanged, for every object", () => {
    const object = fc.dictionary(fc.string(), fc.jsonValue()).map((value) => bytes(JSON.stringify(value, null, 1)));
    fc.assert(
      fc.property(deliveries(object), (delivery) => {
        expect(wechat.decode(arrived(wechat.encode(delivery))).body).toEqual(delivery.body);
      }),
    );
  });

  it("keeps every digit of an id, and the exact second of a time", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 72n }), fc.nat(4_000_000_000), (id, seconds) => {
        const push = post(`{"pushTime":${seconds},"data":{"msgSvrID":${id}}}`);
        expect(wechat.decode(push)).toMatchObject({ messageId: String(id), publishedAtMs: seconds * 1000 });
        expect(wechatPush(push)).toMatchObject({ pushTime: seconds, data: { msgSvrID: String(id) } });
      }),
    );
  });

  it.each([
    ["no data", "{}", null],
    ["data that is text", '{"data":"msgSvrID"}', null],
    ["a null id", '{"data":{"msgSvrID":null}}', null],
    ["a fraction", '{"data":{"msgSvrID":1.5}}', null],
    ["an exponent beyond 2^53", '{"data":{"msgSvrID":1e30}}', null],
    ["words", '{"data":{"msgSvrID":"12 or so"}}', null],
    ["more digits than any id has", `{"data":{"msgSvrID":${"1".repeat(65)}}}`, null],
    ["digits as text", '{"data":{"msgSvrID":"18446744073709551615"}}', "18446744073709551615"],
    ["two of them", '{"data":{"msgSvrID":1,"msgSvrID":12345678901234567890}}', "12345678901234567890"],
    ["one outside of data", '{"msgSvrID":7,"data":{}}', null],
  ])("has an id or none with %s", (_, body, messageId) => {
    expect(wechat.decode(post(body)).messageId).toBe(messageId);
  });

  it.each(["-1", "1e300", '"soon"', "null", "{}", "12345678901234567890"])(
    "has no time when pushTime is %s",
    (time) => {
      expect(wechat.decode(post(`{"pushTime":${time}}`)).publishedAtMs).toBeNull();
    },
  );

  it.each([
    "",
    "x",
    "7",
    "[]",
    "null",
    '{"a":1,}',
    `{"a":${"[".repeat(1000)}${"]".repeat(1000)}}`,
    "[".repeat(1_000_000),
  ])("refuses a body that is no JSON object", (body) => {
    expect(() => wechat.decode(post(body))).toThrow(UndecodableError);
    expect(() => wechatPush(post(body))).toThrow(UndecodableError);
  });

  it("refuses other methods, bytes that are not UTF-8, and a body that is far too large", () => {
    expect(() => wechat.decode({ ...post("{}"), method: "GET" })).toThrow(/^method/);
    expect(() => wechat.decode(post(Uint8Array.of(0x7b, 0xff, 0x7d)))).toThrow(/^body: not UTF-8$/);
    expect(() => wechat.decode(post(new Uint8Array(8 * 1024 * 1024 + 1)))).toThrow(/^body: larger/);
  });

  it("answers as the documented receiver does, and with a failure that reveals nothing", () => {
    expect(wechat.reply(true)).toEqual({
      status: 200,
      headers: { "content-type": "application/json" },
      body: '{"response":"success"}',
    });
    const refusal = wechat.reply(false);
    expect(refusal.status).toBe(500);
    expect(JSON.parse(refusal.body)).toEqual({ message: "An error occurred: the message was not handled" });
  });
});

describe("the members of a push", () => {
  it("are read by their names, in every edition", () => {
    const { raw, ...push } = wechatPush(recorded);
    expect(push).toMatchObject({
      pushType: 1,
      pushTime: 1665206058,
      type: 1001,
      data: {
        from: "filehelper",
        to: "wxid_0",
        type: 1,
        content: "wxid_1:\n你好 😀",
        msgSvrID: "1234567890123456789012",
        reserved1: "<msgsource/>",
        createTime: 1665206057,
        isChatroomMsg: true,
        isSender: false,
        syncFromMobile: false,
        talkerInfo: { nickName: "File / Helper" },
        chatroomMemberInfo: null,
      },
      robot: { isLogin: true, pid: "9007199254740993" },
    });
    expect(raw["data"]).toBe(push.data.raw);
    expect(push.data.raw["createtime"]).toBe(1665206057);
  });

  it("have the value of the code's spelling if both spellings are present", () => {
    const { data } = wechatPush(
      post('{"data":{"reserved1":"a","reversed1":"b","createTime":1,"createtime":2,"isSender":true,"type":"49"}}'),
    );
    expect(data).toMatchObject({ reserved1: "a", createTime: 1, isSender: true, type: 49 });
  });

  it("are null when they are missing or have another type", () => {
    const empty = wechatPush(
      post('{"data":{"from":1,"isSender":"x","talkerInfo":[],"type":"x"},"robot":7,"pushType":[]}'),
    );
    const nothing = { from: null, isSender: null, talkerInfo: null, type: null, msgSvrID: null, content: null };
    expect(empty).toMatchObject({ pushType: null, robot: {}, data: nothing });
    expect(wechatPush(received(barePush))).toMatchObject({ pushTime: null, robot: {}, data: { ...nothing, raw: {} } });
  });

  it("are never read from a prototype that the sender chose", () => {
    const push = wechatPush(post('{"data":{"__proto__":{"from":"mallory"}},"__proto__":{"pushType":1}}'));
    expect(push.pushType).toBeNull();
    expect(push.data.from).toBeNull();
  });
});
