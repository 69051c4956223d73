import { cmqJson, cmqSimplified, raw } from "@ringback/sdk/protocols";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { RingbackError } from "./errors.ts";
import { limits } from "./limits.ts";
import { assertMessage } from "./message-rules.ts";
import type { NewMessage } from "./model.ts";
import { anyText } from "./testing/any-text.ts";

const plain: NewMessage = {
  body: new TextEncoder().encode("hello"),
  contentType: null,
  tags: [],
  type: null,
  orderingKey: null,
  attributes: {},
  delayMs: 0,
};

const topic = { name: "orders", settings: { retentionMs: 60_000, bodyBytesMax: 1024 } };

/** The code and field of the first fault; null: the message is accepted. */
function faultOf(message: Partial<NewMessage>, field = ""): [string, string | undefined] | null {
  try {
    assertMessage({ ...plain, ...message }, topic, field);
    return null;
  } catch (error) {
    if (error instanceof RingbackError) return [error.code, error.details[0]?.field];
    throw error;
  }
}

const attributes = (count: number, value: string) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`a${index}`, value]));

describe("a message is accepted", () => {
  it.each<[string, Partial<NewMessage>]>([
    ["without anything but its bytes", {}],
    ["without any bytes", { body: new Uint8Array() }],
    ["with as many bytes as the topic allows", { body: new Uint8Array(1024) }],
    ["with twenty tags", { tags: Array<string>(20).fill("a") }],
    ["with a tag of 64 characters", { tags: ["a".repeat(64)] }],
    ["with a tag of 64 characters that are two units each", { tags: ["😀".repeat(64)] }],
    ["with the same tag twice", { tags: ["a", "a"] }],
    ["with a space inside a tag", { tags: ["a b"] }],
    ["with an ordering key of 128 bytes", { orderingKey: "é".repeat(64) }],
    ["with a content type", { contentType: "text/plain; charset=utf-8" }],
    ["with 16 attributes", { attributes: attributes(16, "x") }],
    ["with an attribute of 1024 bytes", { attributes: { a: "é".repeat(512) } }],
    ["with an empty attribute", { attributes: { a: "" } }],
    ["with an attribute of 64 characters in its name", { attributes: { ["n".repeat(64)]: "x" } }],
    ["with the longest delay", { delayMs: limits.delayMsMax }],
  ])("%s", (_, message) => {
    expect(faultOf(message)).toBeNull();
  });
});

describe("a message is refused", () => {
  it.each<[string, Partial<NewMessage>, string, string]>([
    ["for a byte too many", { body: new Uint8Array(1025) }, "body_too_large", "body"],
    ["for a 21st tag", { tags: Array<string>(21).fill("a") }, "too_many_tags", "tags"],
    ["for an empty tag", { tags: ["a", ""] }, "invalid_tag", "tags[1]"],
    ["for a tag of 65 characters", { tags: ["a".repeat(65)] }, "invalid_tag", "tags[0]"],
    ["for a tag of 65 emoji", { tags: ["😀".repeat(65)] }, "invalid_tag", "tags[0]"],
    ["for an endless tag", { tags: ["a".repeat(1_000_000)] }, "invalid_tag", "tags[0]"],
    ["for a tag with a comma", { tags: ["a,b"] }, "invalid_tag", "tags[0]"],
    ["for a tag with a line break", { tags: ["a\r\n"] }, "invalid_tag", "tags[0]"],
    ["for a tag with a null character", { tags: ["\0"] }, "invalid_tag", "tags[0]"],
    ["for a tag that ends with a space", { tags: ["a", "b", "c "] }, "invalid_tag", "tags[2]"],
    ["for a tag with half a surrogate pair", { tags: ["\ud83d"] }, "invalid_tag", "tags[0]"],
    ["for an empty ordering key", { orderingKey: "" }, "invalid_request", "orderingKey"],
    ["for an ordering key of 129 bytes", { orderingKey: "k".repeat(129) }, "invalid_request", "orderingKey"],
    [
      "for an ordering key of 130 bytes in 65 characters",
      { orderingKey: "é".repeat(65) },
      "invalid_request",
      "orderingKey",
    ],
    ["for an ordering key with a tab", { orderingKey: "a\tb" }, "invalid_request", "orderingKey"],
    ["for an empty content type", { contentType: "" }, "invalid_request", "contentType"],
    ["for a content type over 256 characters", { contentType: "t".repeat(257) }, "invalid_request", "contentType"],
    ["for a content type outside ASCII", { contentType: "text/é" }, "invalid_request", "contentType"],
    ["for a content type with a line break", { contentType: "text/plain\r\nx: y" }, "invalid_request", "contentType"],
    ["for a 17th attribute", { attributes: attributes(17, "x") }, "invalid_request", "attributes"],
    ["for an attribute without a name", { attributes: { "": "x" } }, "invalid_request", "attributes"],
    ["for an attribute's name in upper case", { attributes: { Trace: "x" } }, "invalid_request", "attributes"],
    [
      "for an attribute's name that begins with a digit",
      { attributes: { "1a": "x" } },
      "invalid_request",
      "attributes",
    ],
    [
      "for an attribute's name of 65 characters",
      { attributes: { ["n".repeat(65)]: "x" } },
      "invalid_request",
      "attributes",
    ],
    ["for an attribute of 1025 bytes", { attributes: { a: "x".repeat(1025) } }, "invalid_request", "attributes.a"],
    ["for an attribute with a line break", { attributes: { ok: "x", a: "x\ny" } }, "invalid_request", "attributes.a"],
    [
      "for attributes over 8 KiB together",
      { attributes: attributes(9, "x".repeat(1000)) },
      "invalid_request",
      "attributes",
    ],
    ["for a delay before now", { delayMs: -1 }, "invalid_request", "delayMs"],
    ["for a delay between milliseconds", { delayMs: 0.5 }, "invalid_request", "delayMs"],
    ["for a delay over twelve hours", { delayMs: limits.delayMsMax + 1 }, "invalid_request", "delayMs"],
    ["for a delay that is no number", { delayMs: Number.NaN }, "invalid_request", "delayMs"],
  ])("%s", (_, message, code, field) => {
    expect(faultOf(message)).toEqual([code, field]);
  });

  it("with its index in the batch", () => {
    expect(faultOf({ tags: [""] }, "messages[3]")).toEqual(["invalid_tag", "messages[3].tags[0]"]);
    expect(faultOf({ body: new Uint8Array(2000) }, "messages[0]")).toEqual(["body_too_large", "messages[0].body"]);
  });

  it("with a sentence that says what would be right", () => {
    expect(() => assertMessage({ ...plain, body: new Uint8Array(1025) }, topic, "")).toThrow(
      'body: has 1025 bytes; topic "orders" accepts at most 1024',
    );
  });
});

describe("the type of a message", () => {
  it.each([
    "a",
    "a.b.c",
    "a..b",
    "*",
    "words of.a kind",
    "k".repeat(128),
    Array(32).fill("w").join("."),
    "é".repeat(64),
  ])("may be %j", (type) => {
    expect(faultOf({ type })).toBeNull();
  });

  it.each([
    ["", "nothing"],
    ["k".repeat(129), "129 bytes"],
    ["é".repeat(65), "130 bytes"],
    [Array(33).fill("w").join("."), "33 words"],
    ["a\u0000b", "a null character"],
    ["a.b ", "a space at its end"],
  ])("may not be %j: %s", (type) => {
    expect(faultOf({ type })).toEqual(["invalid_type", "type"]);
  });

  it("may be missing, and may come with tags", () => {
    expect(faultOf({})).toBeNull();
    expect(faultOf({ type: "a", tags: ["a"] })).toBeNull();
  });
});

describe("an accepted message", () => {
  it("can be encoded by every protocol that carries any text", () => {
    const text = fc.oneof(fc.string(), anyText());
    const message = fc.record({
      body: text.map((body) => new TextEncoder().encode(body)),
      contentType: fc.option(text),
      tags: fc.array(text, { maxLength: 2 }),
      type: fc.option(text),
      orderingKey: fc.option(text),
      attributes: fc.dictionary(fc.oneof(text, fc.stringMatching(/^[a-z][a-z0-9-]*$/)), text, { maxKeys: 2 }),
      delayMs: fc.constant(0),
    });
    let entered = 0;
    fc.assert(
      fc.property(message, (message) => {
        if (faultOf(message) !== null) return;
        entered++;
        for (const protocol of [raw, cmqJson, cmqSimplified]) {
          protocol.encode({ ...message, ...envelope });
        }
      }),
      { numRuns: 1000 },
    );
    expect(entered).toBeGreaterThan(5);
  });
});

const envelope = {
  topicOwner: 1,
  topic: "orders",
  subscription: "s",
  messageId: "1",
  requestId: "1",
  attempt: 1,
  sentAtMs: 1_700_000_000_500,
  publishedAtMs: 0,
};
