import { constants, createHash, createSign, createVerify, generateKeyPairSync } from "node:crypto";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { cmqJson, cmqSimplified } from "./cmq.ts";
import { xmlText } from "./flat-xml.ts";
import { mnsJson, mnsSimplified, mnsStringToSign, mnsXml } from "./mns.ts";
import type { IncomingRequest, OutgoingDelivery } from "./protocol.ts";
import { UndecodableError, UnencodableError } from "./protocol.ts";
import { raw } from "./raw.ts";
import { anyText } from "./testing/any-text.ts";
import {
  documentedJson,
  documentedXml,
  recordedJson,
  recordedSimplified,
  recordedXml,
  sentJson,
  sentSimplified,
  sentXml,
  signedHead,
  stringToSign,
} from "./testing/mns.vectors.ts";
import { arrived, deliveries, messageText, printed, received, sampleDelivery } from "./testing/wire.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (body: Uint8Array): string => new TextDecoder("utf-8", { ignoreBOM: true }).decode(body);
const md5 = (body: Uint8Array): string => createHash("md5").update(body).digest("hex");

const formats = [mnsXml, mnsJson, mnsSimplified] as const;
const sample: OutgoingDelivery = { ...sampleDelivery, tags: ["important"], body: bytes('{1:"a", 2:"b"}') };
const withBody = (body: Uint8Array): OutgoingDelivery => ({ ...sample, body });
/** A message in MNS has at most one tag. */
const deliverable = (body: fc.Arbitrary<Uint8Array>) =>
  deliveries(body).map((delivery) => ({ ...delivery, tags: delivery.tags.slice(0, 1) }));

describe("the sender's half of MNS", () => {
  it.each([
    [mnsXml, sentXml],
    [mnsJson, sentJson],
    [mnsSimplified, sentSimplified],
  ])("writes the recorded request of $name, byte for byte", (protocol, request) => {
    expect(text(printed(protocol.encode(sample)))).toBe(request);
  });

  it("leaves the tag out when there is none", () => {
    const untagged = { ...sample, tags: [] };
    expect(text(mnsXml.encode(untagged).body)).toBe(
      text(mnsXml.encode(sample).body).replace("  <MessageTag>important</MessageTag>\n", ""),
    );
    expect(text(mnsJson.encode(untagged).body)).not.toContain("MessageTag");
    expect(mnsSimplified.encode(untagged).headers).not.toContain("x-mns-message-tag");
  });

  it("dates each attempt and keeps the time of the publish", () => {
    const later = { ...sample, sentAtMs: Date.UTC(2015, 11, 8, 6, 42) + 999 };
    for (const protocol of formats) {
      const { headers } = protocol.encode(later);
      expect(headers.slice(0, 2)).toEqual(["Date", "Tue, 08 Dec 2015 06:42:00 GMT"]);
    }
    expect(text(mnsXml.encode(later).body)).toContain("<PublishTime>11203432000</PublishTime>");
  });

  it("sends no signature, since only Alibaba could make it", () => {
    for (const protocol of formats) {
      const names = protocol.encode(sample).headers.map((name) => name.toLowerCase());
      expect(names).not.toContain("authorization");
      expect(names).not.toContain("x-mns-signing-cert-url");
    }
  });

  it("sends the message's own bytes in the simplified format, not a copy of them", () => {
    expect(mnsSimplified.encode(sample).body).toBe(sample.body);
  });

  it.each([[[0xff]], [[0xc3]], [[0xed, 0xa0, 0x80]], [[0x61, 0xf0, 0x9f, 0x98]]])(
    "cannot carry the bytes %j as text, and can in the simplified format",
    (octets) => {
      const delivery = withBody(Uint8Array.from(octets));
      expect(() => mnsXml.encode(delivery)).toThrow(UnencodableError);
      expect(() => mnsJson.encode(delivery)).toThrow(UnencodableError);
      expect(mnsSimplified.encode(delivery).body).toEqual(delivery.body);
    },
  );

  it.each(["\0", "\u0001", "\u000b", "\u001f", "\ufffe", "\uffff"])(
    "cannot carry %j in XML, and can in JSON",
    (body) => {
      expect(() => mnsXml.encode(withBody(bytes(body)))).toThrow(/^Message: XML 1\.0 cannot carry/);
      expect(mnsJson.decode(arrived(mnsJson.encode(withBody(bytes(body))))).body).toEqual(bytes(body));
    },
  );

  it.each([
    ["several tags", { tags: ["a", "b"] }],
    ["an empty tag", { tags: [""] }],
    ["a tag with a line break", { tags: ["a\r\nx: y"] }],
    ["a tag that ends with a space", { tags: ["a "] }],
    ["a tag with half a surrogate pair", { tags: ["\ud800"] }],
    ["a message id that is no number", { messageId: "12\r\nx: y" }],
    ["a request id over 64 bits", { requestId: "18446744073709551616" }],
    ["an owner that is no integer", { topicOwner: 1.5 }],
    ["a publish time before the epoch", { publishedAtMs: -1 }],
    ["an attempt past every date", { sentAtMs: 8_640_000_000_000_001 }],
    ["an attempt at no time", { sentAtMs: Number.NaN }],
  ])("refuses %s in all formats", (_, fault) => {
    for (const protocol of formats) {
      expect(() => protocol.encode({ ...sample, ...fault })).toThrow(UnencodableError);
    }
  });

  it.each([
    ["topic", { topic: "a\u0000" }],
    ["subscription", { subscription: "a\u0000" }],
  ])("refuses a %s that XML and headers cannot carry", (_, fault) => {
    expect(() => mnsXml.encode({ ...sample, ...fault })).toThrow(UnencodableError);
    expect(() => mnsSimplified.encode({ ...sample, ...fault })).toThrow(UnencodableError);
  });

  it.each(formats)("$name counts every 2xx as success and 410 as never again, and uses Retry-After", (protocol) => {
    const verdict = (status: number, headers = {}) => protocol.interpret({ status, headers, body: bytes("") });
    for (const status of [200, 201, 204, 299]) expect(verdict(status)).toEqual({ kind: "accepted" });
    for (const status of [300, 302, 399]) expect(verdict(status)).toMatchObject({ kind: "failed", code: "redirect" });
    for (const status of [400, 403, 500])
      expect(verdict(status)).toMatchObject({ kind: "failed", code: "http_status" });
    expect(verdict(410)).toEqual({ kind: "gone" });
    expect(verdict(503, { "retry-after": "7" })).toMatchObject({ kind: "failed", retryAfter: { delayMs: 7000 } });
  });
});

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

  it("reads what MNS has been seen to send", () => {
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

  it("needs no more of the simplified format's headers than the message id", () => {
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

  it("accepts a publish time that is a JSON number, and no tag where the tag is empty", () => {
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

  it("carries arbitrary bytes in the simplified format, and in the others unchanged or not at all", () => {
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
      /^body: JSON deeper than 8 levels, or with more than 1024 values$/,
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

  it("reads no other dialect's request, and no other dialect reads its", () => {
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

  it("meets any JSON and any headers with a message or an UndecodableError, never anything else", () => {
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

describe("the string that MNS signs", () => {
  it("is the one that the documentation prints", () => {
    expect(toSign(received(signedHead), "/notifications")).toBe(stringToSign);
  });

  it("has every header of MNS's own, in order, and the path with its query", () => {
    expect(toSign(received(recordedSimplified), "/api/test?a=b")).toBe(
      [
        "POST",
        "ED076287532E86365E841E92BFC50D8C",
        "text/plain;charset=utf-8",
        "Thu, 31 Oct 2024 09:57:20 GMT",
        "x-mns-message-id:0123456789ABCDEF0123456789ABCDEF",
        "x-mns-publish-time:1730368640272",
        "x-mns-request-id:0123456789ABCDEF01234567",
        "x-mns-signing-cert-url:aHR0cHM6Ly9tbnN0ZXN0Lm9zcy1jbi1oYW5nemhvdS5hbGl5dW5jcy5jb20veDUwOV9wdWJsaWNfY2VydGlmaWNhdGUucGVt",
        "x-mns-subscriber:1000000000000001",
        "x-mns-subscription-name:orders-http",
        "x-mns-topic-name:orders",
        "x-mns-topic-owner:1000000000000001",
        "x-mns-version:2015-06-06",
        "/api/test?a=b",
      ].join("\n"),
    );
  });

  it("leaves a line empty for what was not sent", () => {
    const headers = { "x-mns-version": undefined, "x-other": "1" };
    expect(toSign({ method: "POST", headers, body: bytes("") }, "/")).toBe("POST\n\n\n\n/");
  });

  it("is the bytes that went over the wire, whatever they mean", () => {
    const request = arrived(mnsSimplified.encode({ ...sample, tags: ["标签"] }));
    expect(text(mnsStringToSign(request, "/"))).toContain("x-mns-message-tag:标签\n");
  });

  it.each(["标签", "😀"])("refuses %j, which no header can hold", (value) => {
    const request = { method: "POST", headers: { "x-mns-message-tag": value }, body: bytes("") };
    expect(() => mnsStringToSign(request, "/")).toThrow(UndecodableError);
  });

  it("is what a program needs to verify a signature of MNS's kind", () => {
    const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const padding = constants.RSA_PKCS1_PADDING;
    const authorization = createSign("RSA-SHA1").update(stringToSign).sign({ key: privateKey, padding }, "base64");
    const verified = (request: IncomingRequest): boolean =>
      createVerify("RSA-SHA1")
        .update(mnsStringToSign(request, "/notifications"))
        .verify({ key: publicKey, padding }, authorization, "base64");
    const request = received(signedHead);
    expect(verified(request)).toBe(true);
    expect(verified({ ...request, headers: { ...request.headers, "x-mns-version": "2015-06-07" } })).toBe(false);
  });
});

function toSign(request: IncomingRequest, path: string): string {
  return Buffer.from(mnsStringToSign(request, path)).toString("latin1");
}

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

function orNull<T>(expected: new (message: string) => Error, run: () => T): T | null {
  try {
    return run();
  } catch (error) {
    if (error instanceof expected) return null;
    throw error;
  }
}
