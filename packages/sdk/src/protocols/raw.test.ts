import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import type { OutgoingDelivery } from "./protocol.ts";
import { UndecodableError, UnencodableError } from "./protocol.ts";
import { raw } from "./raw.ts";
import { bareRequest, fullRequest } from "./testing/raw.vectors.ts";
import { arrived, deliveries, printed, received, sampleDelivery, withoutTransportHeaders } from "./testing/wire.ts";
import { anyText } from "./testing/any-text.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

const full: OutgoingDelivery = {
  ...sampleDelivery,
  attempt: 3,
  publishedAtMs: 11203432_017,
  contentType: "application/json",
  tags: ["a", "标签"],
  type: "orders.cn.paid",
  orderingKey: "customer-7",
  attributes: { trace: "4bf92f35", name: "Zoë" },
  body: bytes('{"id": 12345678901234567890}'),
};

const bare: OutgoingDelivery = {
  ...sampleDelivery,
  topic: "t",
  subscription: "s",
  messageId: "1",
  requestId: "2",
  publishedAtMs: 0,
  tags: [],
  body: new Uint8Array(),
};

describe("the sender's half of raw", () => {
  it("writes the recorded request with every header, byte for byte", () => {
    expect(printed(raw.encode(full))).toEqual(withoutTransportHeaders(fullRequest));
  });

  it("writes the recorded request without anything optional, byte for byte", () => {
    expect(printed(raw.encode(bare))).toEqual(withoutTransportHeaders(bareRequest));
  });

  it("sends the message's own bytes, not a copy of them", () => {
    expect(raw.encode(full).body).toBe(full.body);
  });

  it.each([
    ["a type with a line break", { type: "a\r\nx: y" }],
    ["an ordering key with a tab", { orderingKey: "a\tb" }],
    ["an ordering key with half a surrogate pair", { orderingKey: "a\udc00" }],
    ["a content type with a line break", { contentType: "text/plain\nx: y" }],
    ["a topic with a control character", { topic: "a\u007f" }],
    ["an attribute's value that ends with a space", { attributes: { a: "b " } }],
    ["an attribute's value with a line break", { attributes: { a: "b\r\n" } }],
    ["an attribute's name with a colon", { attributes: { "a: b": "c" } }],
    ["an attribute's name in upper case", { attributes: { Trace: "c" } }],
    ["an attribute without a name", { attributes: { "": "c" } }],
    ["an attempt before the epoch of attempts", { attempt: -1 }],
    ["a time between two milliseconds", { publishedAtMs: 1.5 }],
    ["a tag with a comma", { tags: ["a,b"] }],
    ["a message id that is no number", { messageId: "x" }],
  ])("refuses %s", (_, fault) => {
    expect(() => raw.encode({ ...full, ...fault })).toThrow(UnencodableError);
  });

  it("uses the status only", () => {
    const reply = { headers: {}, body: bytes("") };
    expect(raw.interpret({ ...reply, status: 204 })).toEqual({ kind: "accepted" });
    expect(raw.interpret({ ...reply, status: 302 })).toEqual({ kind: "failed", code: "redirect", retryAfter: null });
    expect(raw.interpret({ ...reply, status: 429 })).toEqual({ kind: "failed", code: "http_status", retryAfter: null });
  });
});

describe("the receiver's half of raw", () => {
  it("reads the recorded request", () => {
    expect(raw.decode(received(fullRequest))).toEqual({
      protocol: "raw",
      topicOwner: null,
      topic: "MyTopic",
      subscription: "mysubscription",
      messageId: "6942316962",
      requestId: "2394928734",
      attempt: 3,
      publishedAtMs: 11203432_017,
      body: full.body,
      contentType: "application/json",
      tags: ["a", "标签"],
      type: "orders.cn.paid",
      orderingKey: "customer-7",
      attributes: { trace: "4bf92f35", name: "Zoë" },
    });
  });

  it("reads the sender's requests, with any bytes and any text that a header can carry", () => {
    fc.assert(
      fc.property(deliveries(fc.uint8Array({ maxLength: 200 })), (delivery) => {
        expect(raw.decode(arrived(raw.encode(delivery)))).toEqual({
          protocol: "raw",
          topicOwner: null,
          topic: delivery.topic,
          subscription: delivery.subscription,
          messageId: delivery.messageId,
          requestId: delivery.requestId,
          attempt: delivery.attempt,
          publishedAtMs: delivery.publishedAtMs,
          body: delivery.body,
          contentType: delivery.contentType ?? "application/octet-stream",
          tags: delivery.tags,
          type: delivery.type,
          orderingKey: delivery.orderingKey,
          attributes: delivery.attributes,
        });
      }),
    );
  });

  it("carries any text in a header unchanged, or throws", () => {
    fc.assert(
      fc.property(fc.oneof(anyText(), fc.string()), (type) => {
        const encoded = orNull(UnencodableError, () => raw.encode({ ...bare, type }));
        const outcome = encoded === null ? "refused" : raw.decode(arrived(encoded)).type;
        expect(outcome).toBe(/\p{Cc}|^ | $/u.test(type) ? "refused" : type);
      }),
    );
  });

  it.each<[string, string | undefined]>([
    ["ringback-message-id", undefined],
    ["ringback-message-id", "0x10"],
    ["ringback-topic", undefined],
    ["ringback-topic", ""],
    ["ringback-subscription", undefined],
    ["ringback-subscription", "a\u0001"],
    ["ringback-request-id", undefined],
    ["ringback-request-id", "-2"],
    ["ringback-attempt", undefined],
    ["ringback-attempt", "0"],
    ["ringback-attempt", "01"],
    ["ringback-attempt", "1.5"],
    ["ringback-attempt", "99999999999999999999"],
    ["ringback-published-at", undefined],
    ["ringback-published-at", "soon"],
    ["ringback-published-at", "8640000000000001"],
    ["ringback-tags", "\u00c3("],
    ["ringback-type", "a\r\nb"],
    ["ringback-ordering-key", "\u00c2\u0085"],
    ["content-type", "text/plain\u0000"],
    ["ringback-attribute-name", "\u0100"],
  ])("names %s when it is %j", (name, value) => {
    const sample = received(fullRequest);
    const request = { ...sample, headers: { ...sample.headers, [name]: value } };
    expect(() => raw.decode(request)).toThrow(UndecodableError);
    expect(() => raw.decode(request)).toThrow(new RegExp(`^${name}: `));
  });

  it("refuses values that are far too long", () => {
    const sample = received(fullRequest);
    const withHeader = (name: string, value: string) => ({ ...sample, headers: { ...sample.headers, [name]: value } });
    expect(() => raw.decode(withHeader("ringback-topic", "t".repeat(257)))).toThrow(/^ringback-topic: longer than 256/);
    expect(() => raw.decode(withHeader("ringback-type", "k".repeat(8193)))).toThrow(/^ringback-type: longer than 8192/);
  });

  it("keeps other Unicode spaces, and letters whose UTF-8 contains a space byte, at the ends of a tag", () => {
    const tags = ["\u00a0a", "b\u3000", "à", "\u2003"];
    expect(raw.decode(arrived(raw.encode({ ...bare, tags }))).tags).toEqual(tags);
  });

  it("refuses invalid attribute names, and more attributes than any message has", () => {
    const sample = received(bareRequest);
    const named = (name: string) => ({
      ...sample,
      headers: { ...sample.headers, [`ringback-attribute-${name}`]: "v" },
    });
    for (const name of ["", "__proto__", "9", "a_b", "a".repeat(65)]) {
      expect(() => raw.decode(named(name))).toThrow(/^ringback-attribute-\*: not an attribute's name$/);
    }
    const many = Object.fromEntries(Array.from({ length: 65 }, (_, at) => [`ringback-attribute-a${at}`, "v"]));
    expect(() => raw.decode({ ...sample, headers: { ...sample.headers, ...many } })).toThrow(/more than 64 attributes/);
  });

  it("returns null for a missing content type", () => {
    const sample = received(bareRequest);
    expect(raw.decode({ ...sample, headers: { ...sample.headers, "content-type": undefined } }).contentType).toBeNull();
  });

  it("refuses other methods and a body that is far too large", () => {
    expect(() => raw.decode({ ...received(fullRequest), method: "PATCH" })).toThrow(/^method/);
    const body = new Uint8Array(8 * 1024 * 1024 + 1);
    expect(() => raw.decode({ ...received(fullRequest), body })).toThrow(/^body: larger/);
  });

  it("answers with success only when the message was handled", () => {
    expect(raw.reply(true)).toEqual({ status: 204, headers: {}, body: "" });
    expect(raw.reply(false).status).toBe(500);
  });
});

function orNull<T>(expected: new (message: string) => Error, run: () => T): T | null {
  try {
    return run();
  } catch (error) {
    if (error instanceof expected) return null;
    throw error;
  }
}
