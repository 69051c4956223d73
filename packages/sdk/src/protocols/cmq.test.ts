import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { cmqJson, cmqSimplified } from "./cmq.ts";
import type { OutgoingDelivery } from "./protocol.ts";
import { UndecodableError, UnencodableError } from "./protocol.ts";
import { jsonRequest, simplifiedRequest } from "./testing/cmq.vectors.ts";
import {
  messageText,
  arrived,
  deliveries,
  printed,
  received,
  sampleDelivery,
  withoutTransportHeaders,
  orNull,
} from "./testing/wire.ts";
import { anyText } from "./testing/any-text.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (body: Uint8Array): string => new TextDecoder("utf-8", { ignoreBOM: true }).decode(body);
const withBody = (body: Uint8Array): OutgoingDelivery => ({ ...sampleDelivery, body });

describe("the sender's half of CMQ", () => {
  it("writes the JSON request that the document prints, byte for byte", () => {
    expect(printed(cmqJson.encode(sampleDelivery))).toEqual(withoutTransportHeaders(jsonRequest));
  });

  it("writes the simplified request that the document prints, byte for byte", () => {
    expect(printed(cmqSimplified.encode(sampleDelivery))).toEqual(withoutTransportHeaders(simplifiedRequest));
  });

  it.each([cmqJson, cmqSimplified])("$name leaves the tag header out when there are no tags", (protocol) => {
    const { headers } = protocol.encode({ ...sampleDelivery, tags: [] });
    expect(headers).not.toContain("x-cmq-message-tag");
    expect(headers).toHaveLength(8);
  });

  it("writes a 64-bit message id with all its digits", () => {
    const { headers, body } = cmqJson.encode({ ...sampleDelivery, messageId: "18446744073709551615" });
    expect(headers[7]).toBe("18446744073709551615");
    expect(text(body)).toContain('"msgId":"18446744073709551615"');
  });

  it("keeps a 64-bit integer, white space and characters outside ASCII as they were published", () => {
    const { body } = cmqJson.encode(withBody(bytes('{"id": 12345678901234567890, "名": "é"}')));
    expect(text(body)).toContain('"msgBody":"{\\"id\\": 12345678901234567890, \\"名\\": \\"é\\"}"');
  });

  it("keeps a byte order mark at the beginning of the message", () => {
    expect(text(cmqJson.encode(withBody(bytes("\uFEFFx"))).body)).toContain('"msgBody":"\uFEFFx"');
  });

  it("rounds the publish time down to whole seconds", () => {
    expect(text(cmqJson.encode({ ...sampleDelivery, publishedAtMs: 1999 }).body)).toMatch(/"publishTime":1}$/);
  });

  it("escapes a name that needs it", () => {
    const { body } = cmqJson.encode({ ...sampleDelivery, topic: 'a"b', subscription: "c\\d" });
    expect(JSON.parse(text(body))).toMatchObject({ topicName: 'a"b', subscriptionName: "c\\d" });
  });

  it.each([[[0xff]], [[0xc3]], [[0xed, 0xa0, 0x80]], [[0x61, 0xf0, 0x9f, 0x98]]])(
    "cannot carry the bytes %j in JSON, and can in the simplified format",
    (octets) => {
      const delivery = withBody(Uint8Array.from(octets));
      expect(() => cmqJson.encode(delivery)).toThrow(UnencodableError);
      expect(cmqSimplified.encode(delivery).body).toEqual(delivery.body);
      expect(text(cmqJson.encode(sampleDelivery).body)).toContain("test message");
    },
  );

  it.each([
    ["a message id that is no number", { messageId: "12\r\nx: y" }],
    ["a message id over 64 bits", { messageId: "18446744073709551616" }],
    ["a request id that is no number", { requestId: "" }],
    ["a tag with a line break", { tags: ["a\r\nx: y"] }],
    ["a tag with a null character", { tags: ["a\0"] }],
    ["a tag with a control character of Unicode", { tags: ["a\u0085b"] }],
    ["a tag that would come apart", { tags: ["a,b"] }],
    ["a tag that is empty", { tags: [""] }],
    ["a tag that begins with a space", { tags: ["a", " b"] }],
    ["a tag with half a surrogate pair", { tags: ["\ud800"] }],
  ])("refuses %s in both formats", (_, fault) => {
    expect(() => cmqJson.encode({ ...sampleDelivery, ...fault })).toThrow(UnencodableError);
    expect(() => cmqSimplified.encode({ ...sampleDelivery, ...fault })).toThrow(UnencodableError);
  });

  it.each([-1, 1.5, 2 ** 53, Number.NaN])("refuses %d as the topic's owner", (topicOwner) => {
    expect(() => cmqJson.encode({ ...sampleDelivery, topicOwner })).toThrow(UnencodableError);
  });

  it.each([200, 201, 204, 299])("treats %d as success, whatever the body is", (status) => {
    expect(cmqJson.interpret({ status, headers: {}, body: bytes("error") })).toEqual({ kind: "accepted" });
  });

  it.each([300, 301, 304, 308, 399])("treats the redirect %d as a failure with its own code", (status) => {
    expect(cmqJson.interpret({ status, headers: {}, body: bytes("") })).toEqual({
      kind: "failed",
      code: "redirect",
      retryAfter: null,
    });
  });

  it.each([0, 100, 199, 400, 404, 500, 503, 999])("treats %d as a failure", (status) => {
    expect(cmqSimplified.interpret({ status, headers: {}, body: bytes("ok") })).toEqual({
      kind: "failed",
      code: "http_status",
      retryAfter: null,
    });
  });
});

describe("the receiver's half of CMQ", () => {
  it("reads the JSON request that the document prints", () => {
    expect(cmqJson.decode(received(jsonRequest))).toEqual({
      protocol: "cmq-json",
      topicOwner: "100015036",
      topic: "MyTopic",
      subscription: "mysubscription",
      messageId: "6942316962",
      requestId: "2394928734",
      attempt: null,
      publishedAtMs: 11203432_000,
      body: bytes("test message"),
      contentType: null,
      tags: ["a", "b"],
      type: null,
      orderingKey: null,
      attributes: {},
    });
  });

  it("reads the simplified request that the document prints", () => {
    expect(cmqSimplified.decode(received(simplifiedRequest))).toEqual({
      protocol: "cmq-simplified",
      topicOwner: null,
      topic: null,
      subscription: null,
      messageId: "6942316962",
      requestId: "2394928734",
      attempt: null,
      publishedAtMs: null,
      body: bytes("test message"),
      contentType: null,
      tags: ["a", "b"],
      type: null,
      orderingKey: null,
      attributes: {},
    });
  });

  it("reads every text that the JSON sender writes", () => {
    fc.assert(
      fc.property(deliveries(messageText.map(bytes)), (delivery) => {
        expect(cmqJson.decode(arrived(cmqJson.encode(delivery)))).toEqual({
          protocol: "cmq-json",
          topicOwner: String(delivery.topicOwner),
          topic: delivery.topic,
          subscription: delivery.subscription,
          messageId: delivery.messageId,
          requestId: delivery.requestId,
          attempt: null,
          publishedAtMs: delivery.publishedAtMs - (delivery.publishedAtMs % 1000),
          body: delivery.body,
          contentType: null,
          tags: delivery.tags,
          type: null,
          orderingKey: null,
          attributes: {},
        });
      }),
    );
  });

  it("writes JSON exactly as JSON.stringify does", () => {
    fc.assert(
      fc.property(deliveries(messageText.map(bytes)), (delivery) => {
        const json = text(cmqJson.encode(delivery).body);
        expect(JSON.stringify(JSON.parse(json))).toBe(json);
      }),
    );
  });

  it("reads every sequence of bytes that the simplified sender writes", () => {
    fc.assert(
      fc.property(deliveries(fc.uint8Array({ maxLength: 200 })), (delivery) => {
        const message = cmqSimplified.decode(arrived(cmqSimplified.encode(delivery)));
        expect(message).toMatchObject({
          messageId: delivery.messageId,
          requestId: delivery.requestId,
          body: delivery.body,
          tags: delivery.tags,
        });
      }),
    );
  });

  it("either carries arbitrary bytes in JSON unchanged or throws", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 12 }), (body) => {
        const encoded = orNull(UnencodableError, () => cmqJson.encode(withBody(body)));
        const outcome = encoded === null ? "refused" : cmqJson.decode(arrived(encoded)).body;
        const unchanged = bytes(text(body));
        expect(outcome).toEqual(isEqual(unchanged, body) ? body : "refused");
      }),
    );
  });

  it("accepts an owner that is text and a message id that is a number", () => {
    const message = cmqJson.decode(json({ TopicOwner: "100015036", msgId: 6942316962 }));
    expect(message).toMatchObject({ topicOwner: "100015036", messageId: "6942316962" });
  });

  it("keeps every digit of a 64-bit message id", () => {
    expect(cmqJson.decode(json({ msgId: "18446744073709551615" })).messageId).toBe("18446744073709551615");
  });

  it("does not require headers whose values are in the body, nor the sender's content type", () => {
    const { body } = received(jsonRequest);
    const message = cmqJson.decode({ method: "POST", headers: { "content-type": "application/json" }, body });
    expect(message).toMatchObject({ requestId: null, tags: [], messageId: "6942316962" });
  });

  it.each([
    ["", []],
    ["a", ["a"]],
    ["a,b", ["a", "b"]],
    [" a ,  b ", ["a", "b"]],
    [",,a,", ["a"]],
  ])("reads the tag list %j", (value, tags) => {
    const headers = { "x-cmq-message-id": "1", "x-cmq-message-tag": value };
    expect(cmqSimplified.decode({ method: "POST", headers, body: bytes("") }).tags).toEqual(tags);
  });

  it.each<[string, Record<string, unknown>]>([
    ["TopicOwner: missing", { TopicOwner: undefined }],
    ["TopicOwner", { TopicOwner: null }],
    ["TopicOwner", { TopicOwner: true }],
    ["TopicOwner", { TopicOwner: -1 }],
    ["TopicOwner", { TopicOwner: "1e3" }],
    ["TopicOwner", { TopicOwner: 2 ** 70 }],
    ["TopicOwner", { TopicOwner: [1] }],
    ["topicName: missing", { topicName: undefined }],
    ["topicName", { topicName: 5 }],
    ["topicName", { topicName: "" }],
    ["topicName", { topicName: "a\nb" }],
    ["subscriptionName: missing", { subscriptionName: undefined }],
    ["subscriptionName", { subscriptionName: {} }],
    ["msgId: missing", { msgId: undefined }],
    ["msgId", { msgId: 2 ** 64 }],
    ["msgId", { msgId: 1e21 }],
    ["msgId", { msgId: "18446744073709551616" }],
    ["msgId", { msgId: "999999999999999999999999999999999999999" }],
    ["msgId", { msgId: "-1" }],
    ["msgId", { msgId: " 1" }],
    ["msgId", { msgId: "" }],
    ["msgId", { msgId: 1.5 }],
    ["msgBody: missing", { msgBody: undefined }],
    ["msgBody", { msgBody: { nested: 1 } }],
    ["msgBody", { msgBody: "\ud800" }],
    ["publishTime: missing", { publishTime: undefined }],
    ["publishTime", { publishTime: " 1" }],
    ["publishTime", { publishTime: "1e3" }],
    ["publishTime", { publishTime: -1 }],
    ["publishTime", { publishTime: 1.5 }],
    ["publishTime", { publishTime: 8_640_000_000_001 }],
  ])("names %s as the wrong part of %j", (part, members) => {
    const request = json(members);
    expect(() => cmqJson.decode(request)).toThrow(UndecodableError);
    expect(() => cmqJson.decode(request)).toThrow(new RegExp(`^${part}`));
  });

  it("reads a message id and an owner that are JSON numbers, with all digits, and a time that is text", () => {
    const written = text(received(jsonRequest).body)
      .replace('"msgId":"6942316962"', '"msgId":18446744073709551615')
      .replace('"TopicOwner":100015036', '"TopicOwner":9007199254740993')
      .replace('"publishTime":11203432', '"publishTime":"11203432"');
    expect(cmqJson.decode({ ...received(jsonRequest), body: bytes(written) })).toMatchObject({
      messageId: "18446744073709551615",
      topicOwner: "9007199254740993",
      publishedAtMs: 11_203_432_000,
    });
  });

  it("refuses members that are far too long", () => {
    expect(() => cmqJson.decode(json({ topicName: "t".repeat(257) }))).toThrow(
      /^topicName: longer than 256 characters$/,
    );
    expect(() => cmqJson.decode(json({ msgId: "9".repeat(100_000) }))).toThrow(/^msgId: /);
  });

  it.each([
    ["", /^body: not JSON$/],
    ["null", /^body: not a JSON object$/],
    ["[]", /^body: not a JSON object$/],
    ["1", /^body: not a JSON object$/],
    ["\uFEFF{}", /^body: not JSON$/],
    ['{"TopicOwner":1', /^body: not JSON$/],
    ["[".repeat(8_000_000), /^body: JSON deeper than 8 levels/],
    [`{"msgBody":"a","x":${"[".repeat(8)}${"]".repeat(8)}}`, /^body: JSON deeper than 8 levels/],
    [`{"msgBody":"a","x":[${"{},".repeat(2_000_000)}{}]}`, /with more than 1024 values$/],
    ['{"__proto__":{"TopicOwner":1}}', /^TopicOwner: missing$/],
  ])("refuses a body that is no such object", (body, reason) => {
    const request = { ...received(jsonRequest), body: bytes(body) };
    expect(() => cmqJson.decode(request)).toThrow(reason);
  });

  it("refuses JSON in bytes that are not UTF-8", () => {
    const body = Uint8Array.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]);
    expect(() => cmqJson.decode({ ...received(jsonRequest), body })).toThrow(/^body: not UTF-8$/);
  });

  it.each([cmqJson, cmqSimplified])("$name refuses a body that is far too large, unread", (protocol) => {
    const body = new Uint8Array(8 * 1024 * 1024 + 1);
    expect(() => protocol.decode({ ...received(jsonRequest), body })).toThrow(/^body: larger than 8388608 bytes$/);
  });

  it.each(["GET", "PUT", "post", ""])("refuses the method %j", (method) => {
    expect(() => cmqSimplified.decode({ ...received(simplifiedRequest), method })).toThrow(/^method/);
  });

  it.each([
    ["x-cmq-message-id: missing", undefined],
    ["x-cmq-message-id", ""],
    ["x-cmq-message-id", "abc"],
    ["x-cmq-message-id", "18446744073709551616"],
  ])("names %s when the simplified request's id is %j", (part, id) => {
    const request = { method: "POST", headers: { "x-cmq-message-id": id }, body: bytes("") };
    expect(() => cmqSimplified.decode(request)).toThrow(UndecodableError);
    expect(() => cmqSimplified.decode(request)).toThrow(new RegExp(`^${part}`));
  });

  it.each([
    ["x-cmq-request-id", "1\n2"],
    ["x-cmq-request-id", "9".repeat(9000)],
    ["x-cmq-request-id", ""],
    ["x-cmq-message-tag", "a\u0000b"],
    ["x-cmq-message-tag", "\u00ff"],
    ["x-cmq-message-tag", "标签"],
    ["x-cmq-message-tag", "t,".repeat(65)],
  ])("names %s when it contains what no sender writes", (name, value) => {
    const { headers, body } = received(simplifiedRequest);
    const request = { method: "POST", headers: { ...headers, [name]: value }, body };
    expect(() => cmqSimplified.decode(request)).toThrow(UndecodableError);
    expect(() => cmqSimplified.decode(request)).toThrow(new RegExp(`^${name}: `));
  });

  it("returns a message or throws an UndecodableError for any JSON and any headers", () => {
    const headers = fc.dictionary(
      fc.constantFrom("x-cmq-message-id", "x-cmq-request-id", "x-cmq-message-tag", "content-type"),
      anyText({ maxLength: 20 }),
    );
    const members = fc.record(
      {
        TopicOwner: fc.jsonValue(),
        topicName: fc.jsonValue(),
        subscriptionName: fc.jsonValue(),
        msgId: fc.jsonValue(),
        msgBody: fc.jsonValue(),
        publishTime: fc.jsonValue(),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.oneof(members, fc.jsonValue()), headers, (value, hostile) => {
        const request = { method: "POST", headers: hostile, body: bytes(JSON.stringify(value)) };
        for (const protocol of [cmqJson, cmqSimplified]) {
          const message = orNull(UndecodableError, () => protocol.decode(request));
          expect(message?.messageId ?? "refused").toMatch(/^(?:\d+|refused)$/);
        }
      }),
    );
  });

  it("answers as the document's sample does, and with 500 when the message was not handled", () => {
    expect(cmqJson.reply(true)).toEqual({ status: 200, headers: { "content-type": "text/plain" }, body: "ok" });
    for (const protocol of [cmqJson, cmqSimplified]) {
      for (const handled of [true, false]) {
        const { status } = protocol.reply(handled);
        const verdict = protocol.interpret({ status, headers: {}, body: bytes("") });
        expect(verdict.kind).toBe(handled ? "accepted" : "failed");
      }
    }
  });
});

/** The documented request with other members; `undefined` removes a member. */
function json(members: Record<string, unknown>) {
  const sample = received(jsonRequest);
  const parsed: unknown = JSON.parse(text(sample.body));
  return { ...sample, body: bytes(JSON.stringify(Object.assign({}, parsed, members))) };
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}
