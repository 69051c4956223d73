import { createHash } from "node:crypto";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { cmqJson, cmqSimplified } from "./cmq.ts";
import { xmlText } from "./flat-xml.ts";
import { mnsJson, mnsSimplified, mnsXml } from "./mns.ts";
import type { IncomingRequest } from "./protocol.ts";
import { UndecodableError, UnencodableError } from "./protocol.ts";
import { raw } from "./raw.ts";
import { anyText } from "./testing/any-text.ts";
import { documentedJson, documentedXml, recordedJson, recordedSimplified, recordedXml } from "./testing/mns.vectors.ts";
import { arrived, deliveries, messageText, received, sampleDelivery, orNull } from "./testing/wire.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (body: Uint8Array): string => new TextDecoder("utf-8", { ignoreBOM: true }).decode(body);
const md5 = (body: Uint8Array): string => createHash("md5").update(body).digest("hex");

const formats = [mnsXml, mnsJson, mnsSimplified] as const;
/** A message in MNS has at most one tag. */
const deliverable = (body: fc.Arbitrary<Uint8Array>) =>
  deliveries(body).map((delivery) => ({ ...delivery, tags: delivery.tags.slice(0, 1) }));

describe("the receiver's half of MNS", () => {
  const documented = {
    topicOwner: "TopicOwner",
    topic: "TopicName",
    subscription: "SubscriptionName",
    messageId: "6CC4D900CA59A2CD-1-15180534A8F-20000****",
    requestId: "57458276F0E3D56D7C00****",
    attempt: null,
    publishedAtMs: 1449556920975,
    body: bytes('{1:"a", 2:"b"}'),
    contentType: null,
    tags: ["important"],
    type: null,
    orderingKey: null,
    attributes: {},
  };
  const recorded = {
    ...documented,
    topicOwner: "1000000000000001",
    topic: "orders",
    subscription: "orders-http",
    messageId: "0123456789ABCDEF0123456789ABCDEF",
    requestId: "0123456789ABCDEF01234567",
    body: bytes("Hello World!"),
    tags: [],
  };

  it("reads the samples of the documentation", () => {
    expect(mnsXml.decode(received(documentedXml))).toEqual({ ...documented, protocol: "mns-xml" });
    expect(mnsJson.decode(received(documentedJson))).toEqual({ ...documented, protocol: "mns-json" });
  });

  it("reads the recorded requests of MNS", () => {
    expect(mnsXml.decode(received(recordedXml))).toEqual({
      ...recorded,
      protocol: "mns-xml",
      messageId: "0123456789ABCDEF-1-15CA0000000-200000008",
      publishedAtMs: 1497335254533,
    });
    expect(mnsJson.decode(received(recordedJson))).toEqual({
      ...recorded,
      protocol: "mns-json",
      publishedAtMs: 1642865171548,
    });
    expect(mnsSimplified.decode(received(recordedSimplified))).toEqual({
      ...recorded,
      protocol: "mns-simplified",
      publishedAtMs: 1730368640272,
    });
  });

  it("requires only the message id of the simplified format's headers", () => {
    const request = {
      method: "POST",
      headers: { "x-mns-message-id": "A-1", "x-mns-message-tag": "" },
      body: bytes("x"),
    };
    expect(mnsSimplified.decode(request)).toEqual({
      ...documented,
      protocol: "mns-simplified",
      topicOwner: null,
      topic: null,
      subscription: null,
      messageId: "A-1",
      requestId: null,
      publishedAtMs: null,
      body: bytes("x"),
      tags: [],
    });
  });

  it("accepts a publish time that is a JSON number, and reads an empty tag as no tag", () => {
    expect(mnsJson.decode(json({ PublishTime: 1449556920975, MessageTag: "" }))).toMatchObject({
      publishedAtMs: 1449556920975,
      tags: [],
    });
  });

  it.each(formats)("reads what the sender of $name writes, for every text", (protocol) => {
    fc.assert(
      fc.property(deliverable(messageText.map(bytes)), (delivery) => {
        const fits = protocol !== mnsXml || isXml(text(delivery.body) + delivery.tags.join(""));
        const expected = {
          protocol: protocol.name,
          topicOwner: String(delivery.topicOwner),
          topic: delivery.topic,
          subscription: delivery.subscription,
          messageId: delivery.messageId,
          requestId: delivery.requestId,
          attempt: null,
          publishedAtMs: delivery.publishedAtMs,
          body: delivery.body,
          contentType: null,
          tags: delivery.tags,
          type: null,
          orderingKey: null,
          attributes: {},
        };
        const encoded = orNull(UnencodableError, () => protocol.encode(delivery));
        expect(encoded && protocol.decode(arrived(encoded))).toEqual(fits ? expected : null);
      }),
    );
  });

  it("carries any bytes in the simplified format; the other formats carry them unchanged or throw", () => {
    fc.assert(
      fc.property(deliverable(fc.uint8Array({ maxLength: 12 })), (delivery) => {
        const { body } = delivery;
        expect(mnsSimplified.decode(arrived(mnsSimplified.encode(delivery))).body).toEqual(body);
        const isText = Buffer.from(text(body)).equals(body);
        const json = orNull(UnencodableError, () => mnsJson.encode(delivery));
        expect(json && mnsJson.decode(arrived(json)).body).toEqual(isText ? body : null);
        const xml = orNull(UnencodableError, () => mnsXml.encode(delivery));
        const isCarried = isText && isXml(text(body) + delivery.tags.join(""));
        expect(xml && mnsXml.decode(arrived(xml)).body).toEqual(isCarried ? body : null);
      }),
    );
  });

  it.each<[string, unknown]>([
    ["MessageMD5: missing", undefined],
    ["MessageMD5: not the MD5 of the message", ""],
    ["MessageMD5: not the MD5 of the message", "F1E92841751D795AB325861034B5CB56"],
    ["MessageMD5: not the MD5 of the message", 5],
  ])("refuses a message with %s", (reason, value) => {
    expect(() => mnsJson.decode(json({ MessageMD5: value }))).toThrow(new UndecodableError(reason));
  });

  it("refuses a message that was changed on its way, in every format", () => {
    for (const request of [received(documentedXml), received(recordedXml)]) {
      const body = bytes(text(request.body).replace("</Message>", " </Message>"));
      expect(() => mnsXml.decode({ ...request, headers: {}, body })).toThrow(
        /^MessageMD5: not the MD5 of the message$/,
      );
    }
    expect(() => mnsJson.decode(json({ Message: "another" }))).toThrow(/^MessageMD5: not the MD5 of the message$/);
    const simplified = received(recordedSimplified);
    expect(() => mnsSimplified.decode({ ...simplified, body: bytes("Hello World?") })).toThrow(
      /^content-md5: not the MD5/,
    );
  });

  it("refuses metadata that Content-MD5 shows to be changed", () => {
    const { headers, body } = received(recordedXml);
    const changed = bytes(text(body).replace("orders-http", "orders-file"));
    expect(() => mnsXml.decode({ method: "POST", headers, body: changed })).toThrow(
      /^content-md5: not the MD5 of the body$/,
    );
    expect(mnsXml.decode({ method: "POST", headers: {}, body: changed }).subscription).toBe("orders-file");
  });

  it("accepts Content-MD5 in each form of MNS and of RFC 1864, and in no other", () => {
    const { body } = received(recordedSimplified);
    const digits = md5(body);
    const withMd5 = (value: string) => ({
      method: "POST",
      headers: { "x-mns-message-id": "1", "content-md5": value },
      body,
    });
    const forms = [digits, digits.toUpperCase(), base64(digits, "latin1"), base64(digits.toUpperCase(), "latin1")];
    for (const form of [...forms, base64(digits, "hex")]) {
      expect(mnsSimplified.decode(withMd5(form)).body).toEqual(body);
    }
    for (const form of ["", digits.slice(1), ` ${digits}`, base64("00".repeat(16), "hex")]) {
      expect(() => mnsSimplified.decode(withMd5(form))).toThrow(/^content-md5: /);
    }
  });

  it.each<[string, Record<string, unknown>]>([
    ["TopicOwner: missing", { TopicOwner: undefined }],
    ["TopicOwner", { TopicOwner: 1 }],
    ["TopicOwner", { TopicOwner: "" }],
    ["TopicName: missing", { TopicName: undefined }],
    ["TopicName", { TopicName: "a\nb" }],
    ["TopicName", { TopicName: "t".repeat(257) }],
    ["SubscriptionName: missing", { SubscriptionName: undefined }],
    ["SubscriptionName", { SubscriptionName: ["s"] }],
    ["MessageId: missing", { MessageId: undefined }],
    ["MessageId", { MessageId: null }],
    ["Message: missing", { Message: undefined }],
    ["Message", { Message: { nested: 1 } }],
    ["Message", { Message: "\ud800" }],
    ["MessageTag", { MessageTag: null }],
    ["MessageTag", { MessageTag: ["a", "b"] }],
    ["MessageTag", { MessageTag: "t".repeat(257) }],
    ["PublishTime: missing", { PublishTime: undefined }],
    ["PublishTime", { PublishTime: "" }],
    ["PublishTime", { PublishTime: "soon" }],
    ["PublishTime", { PublishTime: "8640000000000001" }],
    ["PublishTime", { PublishTime: 1.5 }],
    ["PublishTime", { PublishTime: true }],
  ])("names %s as the wrong part of %j", (part, members) => {
    expect(() => mnsJson.decode(json(members))).toThrow(UndecodableError);
    expect(() => mnsJson.decode(json(members))).toThrow(new RegExp(`^${part}\\b`));
  });

  it.each(["TopicOwner", "TopicName", "SubscriptionName", "MessageId", "Message", "MessageMD5", "PublishTime"])(
    "names %s when the XML lacks it",
    (name) => {
      const request = received(documentedXml);
      const body = bytes(text(request.body).replace(new RegExp(`<${name}>.*</${name}>`), ""));
      expect(() => mnsXml.decode({ ...request, body })).toThrow(new RegExp(`^${name}: missing$`));
    },
  );

  it.each([
    ["x-mns-message-id: missing", "x-mns-message-id", undefined],
    ["x-mns-message-id: missing", "x-mns-message-id", ""],
    ["x-mns-message-id", "x-mns-message-id", "9".repeat(257)],
    ["x-mns-request-id", "x-mns-request-id", "1\n2"],
    ["x-mns-topic-name", "x-mns-topic-name", "\u00ff"],
    ["x-mns-message-tag", "x-mns-message-tag", "标签"],
    ["x-mns-publish-time", "x-mns-publish-time", "-1"],
    ["x-mns-publish-time", "x-mns-publish-time", "8640000000000001"],
  ])("names %s when a header contains what no sender writes", (part, name, value) => {
    const { method, headers, body } = received(recordedSimplified);
    const request = { method, headers: { ...headers, [name]: value }, body };
    expect(() => mnsSimplified.decode(request)).toThrow(UndecodableError);
    expect(() => mnsSimplified.decode(request)).toThrow(new RegExp(`^${part}`));
  });

  it.each([
    ["an entity of its own", (xml: string) => xml.replace("<Not", '<!DOCTYPE N [<!ENTITY x "y">]><Not')],
    ["two messages", (xml: string) => xml.replace("<Message>", "<Message>Hello World!</Message><Message>")],
    ["a message with elements", (xml: string) => xml.replace("Hello", "<b>Hello</b>")],
    ["another root", (xml: string) => xml.replaceAll("Notification", "Message")],
    ["another namespace", (xml: string) => xml.replace("doc/v1/", "doc/v2/")],
    ["an end that is missing", (xml: string) => xml.slice(0, -1)],
  ])("refuses XML with %s", (_, change) => {
    const { method, body } = received(recordedXml);
    const request = { method, headers: {}, body: bytes(change(text(body))) };
    expect(() => mnsXml.decode(request)).toThrow(UndecodableError);
    expect(() => mnsXml.decode(request)).toThrow(/^body: /);
  });

  it.each(["", "null", "[]", "1", '"x"', "\uFEFF{}", '{"TopicOwner":1'])(
    "refuses a body that is no JSON object",
    (body) => {
      expect(() => mnsJson.decode({ method: "POST", headers: {}, body: bytes(body) })).toThrow(/^body: not /);
    },
  );

  it.each(["[".repeat(6_000_000), `[${"{},".repeat(2_000_000)}{}]`])("refuses deep and wide JSON unparsed", (body) => {
    expect(() => mnsJson.decode({ method: "POST", headers: {}, body: bytes(body) })).toThrow(
      /^body: JSON (?:deeper than 8 levels|with more than 1024 values)$/,
    );
  });

  it("does not read members of __proto__", () => {
    const body = bytes(`{"__proto__":${text(received(documentedJson).body)}}`);
    expect(() => mnsJson.decode({ method: "POST", headers: {}, body })).toThrow(/^Message: missing$/);
  });

  it.each([mnsXml, mnsJson])("$name refuses bytes that are not UTF-8", (protocol) => {
    const request = { method: "POST", headers: {}, body: Uint8Array.from([0x3c, 0xff, 0x3e]) };
    expect(() => protocol.decode(request)).toThrow(/^body: not UTF-8$/);
  });

  it.each(formats)("$name refuses another method, and ten megabytes unread", (protocol) => {
    const request = received(recordedSimplified);
    expect(() => protocol.decode({ ...request, method: "PUT" })).toThrow(/^method/);
    expect(() => protocol.decode({ ...request, body: new Uint8Array(10_000_000) })).toThrow(/^body: larger/);
  });

  it("refuses the requests of other dialects, and other dialects refuse its requests", () => {
    const untagged = { ...sampleDelivery, tags: [] };
    const others = [raw, cmqJson, cmqSimplified];
    const readersOf = (request: IncomingRequest) =>
      [...others, ...formats].filter((protocol) => orNull(UndecodableError, () => protocol.decode(request)) !== null);
    for (const protocol of formats) expect(readersOf(arrived(protocol.encode(untagged)))).toEqual([protocol]);
    for (const other of others) {
      const readers: readonly unknown[] = readersOf(arrived(other.encode(untagged)));
      for (const protocol of formats) expect(readers).not.toContain(protocol);
    }
  });

  it("returns a message or throws an UndecodableError for any JSON and any headers", () => {
    const names = ["x-mns-message-id", "x-mns-request-id", "x-mns-message-tag", "x-mns-publish-time", "content-md5"];
    const headers = fc.dictionary(fc.constantFrom(...names), anyText({ maxLength: 20 }));
    const members = fc.record(
      { Message: fc.jsonValue(), MessageMD5: fc.jsonValue(), TopicName: fc.jsonValue(), PublishTime: fc.jsonValue() },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.oneof(members, fc.jsonValue()), headers, (value, hostile) => {
        const request = { method: "POST", headers: hostile, body: bytes(JSON.stringify(value)) };
        for (const protocol of formats) {
          const message = orNull(UndecodableError, () => protocol.decode(request));
          expect(typeof (message?.messageId ?? "refused")).toBe("string");
        }
      }),
    );
  });

  it("answers as documented", () => {
    for (const protocol of formats) {
      expect(protocol.reply(true)).toEqual({ status: 204, headers: {}, body: "" });
      expect(protocol.reply(false).status).toBe(500);
    }
  });
});

function base64(value: string, from: BufferEncoding): string {
  return Buffer.from(value, from).toString("base64");
}

function isXml(value: string): boolean {
  return orNull(UnencodableError, () => xmlText("value", value)) !== null;
}

/** The documented request with other members; `undefined` removes a member. */
function json(members: Record<string, unknown>): IncomingRequest {
  const request = received(documentedJson);
  const parsed: unknown = JSON.parse(text(request.body));
  return { ...request, body: bytes(JSON.stringify(Object.assign({}, parsed, members))) };
}
