import { constants, createSign, createVerify, generateKeyPairSync } from "node:crypto";
import { describe, expect, it } from "vitest";

import { mnsJson, mnsSimplified, mnsStringToSign, mnsXml } from "./mns.ts";
import type { IncomingRequest, OutgoingDelivery } from "./protocol.ts";
import { UndecodableError, UnencodableError } from "./protocol.ts";
import {
  recordedSimplified,
  sentJson,
  sentSimplified,
  sentXml,
  signedHead,
  stringToSign,
} from "./testing/mns.vectors.ts";
import { arrived, printed, received, sampleDelivery } from "./testing/wire.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (body: Uint8Array): string => new TextDecoder("utf-8", { ignoreBOM: true }).decode(body);

const formats = [mnsXml, mnsJson, mnsSimplified] as const;
const sample: OutgoingDelivery = { ...sampleDelivery, tags: ["important"], body: bytes('{1:"a", 2:"b"}') };
const withBody = (body: Uint8Array): OutgoingDelivery => ({ ...sample, body });
/** A message in MNS has at most one tag. */

describe("the sender's half of MNS", () => {
  it.each([
    [mnsXml, sentXml],
    [mnsJson, sentJson],
    [mnsSimplified, sentSimplified],
  ])("writes the recorded request of $name, byte for byte", (protocol, request) => {
    expect(text(printed(protocol.encode(sample)))).toBe(request);
  });

  it("omits the tag when there is none", () => {
    const untagged = { ...sample, tags: [] };
    expect(text(mnsXml.encode(untagged).body)).toBe(
      text(mnsXml.encode(sample).body).replace("  <MessageTag>important</MessageTag>\n", ""),
    );
    expect(text(mnsJson.encode(untagged).body)).not.toContain("MessageTag");
    expect(mnsSimplified.encode(untagged).headers).not.toContain("x-mns-message-tag");
  });

  it("sends the time of each attempt and the unchanged publish time", () => {
    const later = { ...sample, sentAtMs: Date.UTC(2015, 11, 8, 6, 42) + 999 };
    for (const protocol of formats) {
      const { headers } = protocol.encode(later);
      expect(headers.slice(0, 2)).toEqual(["Date", "Tue, 08 Dec 2015 06:42:00 GMT"]);
    }
    expect(text(mnsXml.encode(later).body)).toContain("<PublishTime>11203432000</PublishTime>");
  });

  it("sends no signature, since only Alibaba could create it", () => {
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

  it.each(formats)("$name treats every 2xx as success and 410 as a final refusal, and uses Retry-After", (protocol) => {
    const verdict = (status: number, headers = {}) => protocol.interpret({ status, headers, body: bytes("") });
    for (const status of [200, 201, 204, 299]) expect(verdict(status)).toEqual({ kind: "accepted" });
    for (const status of [300, 302, 399]) expect(verdict(status)).toMatchObject({ kind: "failed", code: "redirect" });
    for (const status of [400, 403, 500])
      expect(verdict(status)).toMatchObject({ kind: "failed", code: "http_status" });
    expect(verdict(410)).toEqual({ kind: "gone" });
    expect(verdict(503, { "retry-after": "7" })).toMatchObject({ kind: "failed", retryAfter: { delayMs: 7000 } });
  });
});

describe("the string that MNS signs", () => {
  it("equals the string in the documentation", () => {
    expect(toSign(received(signedHead), "/notifications")).toBe(stringToSign);
  });

  it("contains all x-mns- headers in order, and the path with its query", () => {
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

  it("has an empty line for each header that was not sent", () => {
    const headers = { "x-mns-version": undefined, "x-other": "1" };
    expect(toSign({ method: "POST", headers, body: bytes("") }, "/")).toBe("POST\n\n\n\n/");
  });

  it("consists of the transmitted bytes, in any encoding", () => {
    const request = arrived(mnsSimplified.encode({ ...sample, tags: ["标签"] }));
    expect(text(mnsStringToSign(request, "/"))).toContain("x-mns-message-tag:标签\n");
  });

  it.each(["标签", "😀"])("refuses %j, which no header can contain", (value) => {
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
