import * as fc from "fast-check";
import { Webhook } from "standardwebhooks";
import { describe, expect, it } from "vitest";

import type { Jwk, ProtocolKey, Trust } from "./key.ts";
import type { IncomingRequest, OutgoingDelivery, UntrustedReason } from "./protocol.ts";
import { UndecodableError, UntrustedError } from "./protocol.ts";
import { standardWebhooksKey } from "./standard-webhooks-key.ts";
import { standardWebhooks } from "./standard-webhooks.ts";
import {
  newSecret,
  oldSecret,
  privateKey,
  publicKey,
  signedRequest,
  svixRequest,
} from "./testing/standard-webhooks.vectors.ts";
import { arrived, deliveries, received, sampleDelivery } from "./testing/wire.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Returns `length` bytes in base64url. */
const k = (length: number): string => Buffer.alloc(length, 0x5a).toString("base64url");

const oldKey = standardWebhooksKey("old", oldSecret);
const newKey = standardWebhooksKey("new", newSecret);
const pair = standardWebhooksKey("pair", privateKey);
const publicHalf = standardWebhooksKey("public", publicKey);
const strangerKey = standardWebhooksKey("stranger", `whsec_${Buffer.alloc(32, 1).toString("base64")}`);

const sentAtMs = 11203433_987;
const delivery: OutgoingDelivery = {
  ...sampleDelivery,
  sentAtMs,
  contentType: "application/json",
  body: bytes('{"id": 12345678901234567890}'),
};

const trust: Trust = { keys: [oldKey, newKey, publicHalf], nowMs: sentAtMs, toleranceMs: 300_000 };
const trusting = (...keys: ProtocolKey[]): Trust => ({ ...trust, keys });

/** The recorded request with some headers replaced or removed. */
const withHeaders = (changed: Record<string, string | undefined>): IncomingRequest => {
  const request = received(signedRequest);
  return { ...request, headers: { ...request.headers, ...changed } };
};
const withSignature = (signature: string): IncomingRequest => withHeaders({ "webhook-signature": signature });

const [oldSignature = "", newSignature = "", edSignature = ""] = (
  received(signedRequest).headers["webhook-signature"] ?? ""
).split(" ");

async function refusal(request: IncomingRequest, by: Trust = trust): Promise<UntrustedReason> {
  const error: unknown = await Promise.resolve(standardWebhooks.decode(request, by)).catch((thrown: unknown) => thrown);
  if (error instanceof UntrustedError) return error.reason;
  throw new Error("not refused as untrusted", { cause: error });
}

describe("the receiver's half of standard-webhooks", () => {
  it("reads the recorded request", async () => {
    expect(await standardWebhooks.decode(received(signedRequest), trust)).toEqual({
      protocol: "standard-webhooks",
      topicOwner: null,
      topic: null,
      subscription: null,
      messageId: "6942316962",
      requestId: null,
      attempt: null,
      publishedAtMs: null,
      body: delivery.body,
      contentType: "application/json",
      tags: [],
      type: null,
      orderingKey: null,
      attributes: {},
    });
  });

  it("reads Svix's spelling of the headers", async () => {
    const at = { ...trusting(oldKey), nowMs: 1614265330_000 };
    expect(await standardWebhooks.decode(received(svixRequest), at)).toMatchObject({
      messageId: "msg_p5jXN8AQM9LWM0D4loKWxJek",
      body: bytes('{"test": 2432232314}'),
    });
  });

  it("prefers the standard's header names when both are present", async () => {
    const both = { "svix-id": "7", "svix-timestamp": "1", "svix-signature": "v1,x" };
    expect(await standardWebhooks.decode(withHeaders(both), trust)).toMatchObject({ messageId: "6942316962" });
  });

  it("never mixes headers of both spellings", async () => {
    const signature = { "webhook-signature": undefined, "svix-signature": oldSignature };
    expect(await refusal(withHeaders(signature))).toBe("no_signature");
    const id = { "webhook-id": undefined, "svix-id": "6942316962" };
    await expect(standardWebhooks.decode(withHeaders(id), trust)).rejects.toThrow(/^svix-timestamp: missing$/);
  });

  it("reads the sender's requests, with any bytes and any of the keys", async () => {
    const key = fc.constantFrom(oldKey, newKey, pair);
    const keys = fc.uniqueArray(key, { minLength: 1 });
    await fc.assert(
      fc.asyncProperty(deliveries(fc.uint8Array({ maxLength: 200 })), keys, fc.nat(), async (sent, signing, which) => {
        const request = arrived(await standardWebhooks.encode(sent, signing));
        const known = signing[which % signing.length] ?? oldKey;
        const by = { ...trusting(strangerKey, known), nowMs: sent.sentAtMs };
        expect(await standardWebhooks.decode(request, by)).toMatchObject({
          protocol: "standard-webhooks",
          messageId: sent.messageId,
          body: sent.body,
          contentType: sent.contentType ?? "application/octet-stream",
        });
        expect(await refusal(request, { ...by, keys: [strangerKey] })).toMatch(/^(?:wrong_signature|unknown_key)$/);
      }),
    );
  });

  it.each([
    ["the old key alone", [oldKey]],
    ["the new key alone", [newKey]],
    ["the public key alone", [publicHalf]],
    ["the whole key pair", [pair]],
    ["a key of somebody else's first", [strangerKey, newKey]],
    ["keys for other things beside it", [{ kid: "e", jwk: { kty: "oct", use: "enc", k: "AAAA" } }, newKey]],
  ])("verifies with %s", async (_, keys) => {
    await expect(standardWebhooks.decode(received(signedRequest), trusting(...keys))).resolves.toMatchObject({
      messageId: "6942316962",
    });
  });

  it.each([
    ["one signature", oldSignature],
    ["a wrong one before it", `v1,${Buffer.alloc(32).toString("base64")} ${oldSignature}`],
    ["the same one many times", Array.from({ length: 50 }, () => oldSignature).join(" ")],
    ["newer kinds beside it", `v2,abc ${oldSignature} v1b,= x`],
    ["broken ones beside it", `v1 v1, v1,* v1a,AAAA ${oldSignature} ,`],
    ["several spaces between them", `  ${newSignature}   ${oldSignature} `],
  ])("accepts %s", async (_, signature) => {
    await expect(standardWebhooks.decode(withSignature(signature), trusting(oldKey))).resolves.toMatchObject({
      messageId: "6942316962",
    });
  });

  it.each<[UntrustedReason, string, string | undefined]>([
    ["no_signature", "no signature", undefined],
    ["no_signature", "an empty one", ""],
    ["malformed", "a space", " "],
    ["malformed", "no version", oldSignature.slice(2)],
    ["malformed", "no signature after the version", "v1,"],
    ["malformed", "base64url", oldSignature.replaceAll("/", "_")],
    ["malformed", "no padding", oldSignature.replace("=", "")],
    ["malformed", "hexadecimal digits", `v1,${"ab".repeat(32)}`],
    ["malformed", "a byte too few", `v1,${Buffer.alloc(31).toString("base64")}`],
    ["malformed", "an Ed25519 signature of another length", `v1a,${Buffer.alloc(32).toString("base64")}`],
    ["malformed", "a comma after it, as two headers in one", `${oldSignature},`],
    ["malformed", "a repeated header with the valid signature first", `${oldSignature}, ${newSignature}`],
    ["malformed", "a repeated header with a forged signature first", `v1,${"A".repeat(43)}=, ${oldSignature}`],
    ["malformed", "bytes that are no text", "v1,\u00ff\u0000"],
    ["malformed", "absurd length", `${oldSignature} ${"x".repeat(8192)}`],
    [
      "malformed",
      "more signatures than keys are ever changed at once",
      Array.from({ length: 9 }, (_, at) => `v1,${Buffer.alloc(32, at).toString("base64")}`).join(" "),
    ],
    ["wrong_algorithm", "a newer kind alone", "v2,abc"],
    ["wrong_algorithm", "the kind in upper case", oldSignature.toUpperCase()],
    ["wrong_signature", "a wrong signature", `v1,${Buffer.alloc(32).toString("base64")}`],
    ["wrong_signature", "a wrong Ed25519 signature", `v1a,${Buffer.alloc(64).toString("base64")}`],
    [
      "wrong_signature",
      "a shared secret's signature called another kind",
      `v1a,${Buffer.alloc(64, 255).toString("base64")}`,
    ],
  ])("refuses as %s: %s", async (reason, _, signature) => {
    expect(await refusal(withHeaders({ "webhook-signature": signature }))).toBe(reason);
  });

  it("refuses a signature of a version for which it has no key", async () => {
    expect(await refusal(withSignature(edSignature), trusting(oldKey))).toBe("unknown_key");
    expect(await refusal(withSignature(oldSignature), trusting(publicHalf))).toBe("unknown_key");
    expect(await refusal(received(signedRequest), trusting())).toBe("unknown_key");
    expect(await refusal(received(signedRequest), trusting(strangerKey))).toBe("wrong_signature");
  });

  it("refuses a request when any part was changed", async () => {
    const { body } = received(signedRequest);
    const changes: IncomingRequest[] = [
      withHeaders({ "webhook-id": "6942316963" }),
      withHeaders({ "webhook-timestamp": "11203434" }),
      { ...received(signedRequest), body: body.subarray(1) },
      { ...received(signedRequest), body: new Uint8Array() },
      { ...received(signedRequest), body: Uint8Array.of(...body, 0x20) },
      ...Array.from(body, (byte, at) => ({ ...received(signedRequest), body: body.with(at, byte ^ 1) })),
    ];
    for (const request of changes) expect(await refusal(request)).toBe("wrong_signature");
  });

  it("refuses a signature when any one bit was changed", async () => {
    for (const [version, signature] of [oldSignature, edSignature].map((text) => text.split(","))) {
      const correct = Buffer.from(signature ?? "", "base64");
      for (const [at, byte] of correct.entries()) {
        const changed = Buffer.from(correct.with(at, byte ^ (1 << (at % 8))));
        expect(await refusal(withSignature(`${version},${changed.toString("base64")}`))).toBe("wrong_signature");
      }
    }
  });

  it("refuses an id with a full stop, because the signature would also be valid for another timestamp and body", async () => {
    const body = bytes("11203500.anything");
    const honest = arrived(await standardWebhooks.encode({ ...delivery, body }, [oldKey]));
    const moved = {
      ...honest,
      headers: { ...honest.headers, "webhook-id": "6942316962.11203433", "webhook-timestamp": "11203500" },
      body: bytes("anything"),
    };
    await expect(standardWebhooks.decode(moved, trust)).rejects.toThrow(UndecodableError);
    await expect(standardWebhooks.decode(moved, trust)).rejects.toThrow(/^webhook-id: contains a full stop/);
  });

  it.each([
    [-300_000, true],
    [-300_001, false],
    [0, true],
    [300_000, true],
    [300_001, false],
    [86_400_000_000, false],
  ])("accepts a timestamp by its difference of %d ms from the clock: %s", async (distanceMs, taken) => {
    const by = { ...trust, nowMs: 11203433_000 + distanceMs };
    const outcome = taken
      ? (await standardWebhooks.decode(received(signedRequest), by)).messageId
      : await refusal(received(signedRequest), by);
    expect(outcome).toBe(taken ? "6942316962" : "timestamp_out_of_tolerance");
  });

  it.each<[string, string | undefined]>([
    ["webhook-id", undefined],
    ["webhook-id", ""],
    ["webhook-id", "a\u0001"],
    ["webhook-id", "\u00ff"],
    ["webhook-id", "i".repeat(257)],
    ["webhook-timestamp", undefined],
    ["webhook-timestamp", ""],
    ["webhook-timestamp", "soon"],
    ["webhook-timestamp", "-1"],
    ["webhook-timestamp", "011203433"],
    ["webhook-timestamp", "11203433.0"],
    ["webhook-timestamp", "1e7"],
    ["webhook-timestamp", "11203433 "],
    ["webhook-timestamp", "8640000000001"],
    ["webhook-timestamp", "9".repeat(400)],
    ["content-type", "text/plain\u0000"],
  ])("names %s when it is %j", async (name, value) => {
    const decoding = standardWebhooks.decode(withHeaders({ [name]: value }), trust);
    await expect(decoding).rejects.toThrow(UndecodableError);
    await expect(decoding).rejects.toThrow(new RegExp(`^${name}: `));
  });

  it("returns the id in UTF-8, and null for a missing content type", async () => {
    const body = bytes("x");
    const id = "ключ-1";
    const signature = new Webhook(oldSecret).sign(id, new Date(sentAtMs), "x");
    const headers = {
      "webhook-id": Array.from(bytes(id), (byte) => String.fromCharCode(byte)).join(""),
      "webhook-timestamp": "11203433",
      "webhook-signature": signature,
    };
    expect(await standardWebhooks.decode({ method: "POST", headers, body }, trust)).toMatchObject({
      messageId: id,
      contentType: null,
    });
  });

  it("refuses other methods and a body that is far too large", async () => {
    const request = received(signedRequest);
    await expect(standardWebhooks.decode({ ...request, method: "GET" }, trust)).rejects.toThrow(/^method/);
    const body = new Uint8Array(8 * 1024 * 1024 + 1);
    await expect(standardWebhooks.decode({ ...request, body }, trust)).rejects.toThrow(/^body: larger/);
  });

  it.each<[string, Jwk, string]>([
    ["a secret of 15 bytes", { kty: "oct", k: k(15) }, "a secret must have 16 to 64 bytes to verify"],
    ["a secret of 65 bytes", { kty: "oct", k: k(65) }, "a secret must have 16 to 64 bytes to verify"],
    ["a secret that is no text", { kty: "oct", k: 5 } as unknown as Jwk, 'has no "k"'],
    ["a private key alone", { kty: "OKP", crv: "Ed25519", d: k(32) }, 'has no "x"'],
    ["a public key of 31 bytes", { kty: "OKP", crv: "Ed25519", x: k(31) }, '"x" does not have 32 bytes'],
  ])("reports a key that cannot verify to the program, not to the sender: %s", async (_, jwk, fault) => {
    const decoding = standardWebhooks.decode(received(signedRequest), trusting({ kid: "k1", jwk }));
    await expect(decoding).rejects.toThrow(TypeError);
    await expect(decoding).rejects.toThrow(new RegExp(`^key "k1": ${fault}$`));
  });

  it("refuses a request when the public key is not a valid point", async () => {
    const key = { kid: "k1", jwk: { kty: "OKP", crv: "Ed25519", x: Buffer.alloc(32, 255).toString("base64url") } };
    expect(await refusal(received(signedRequest), trusting(key))).toBe("wrong_signature");
  });

  it("verifies with a secret of 16 bytes", async () => {
    const secret = Buffer.alloc(16, 9).toString("base64");
    const signature = new Webhook(secret).sign("6942316962", new Date(sentAtMs), '{"id": 12345678901234567890}');
    const key = standardWebhooksKey("short", `whsec_${secret}`);
    await expect(standardWebhooks.decode(withSignature(signature), trusting(key))).resolves.toMatchObject({
      messageId: "6942316962",
    });
  });

  it("accepts 16 keys and no more", async () => {
    const keys = Array.from({ length: 15 }, () => strangerKey);
    await expect(standardWebhooks.decode(received(signedRequest), trusting(...keys, oldKey))).resolves.toBeDefined();
    await expect(
      standardWebhooks.decode(received(signedRequest), trusting(...keys, strangerKey, oldKey)),
    ).rejects.toThrow(TypeError);
  });

  it("answers with success only when the message was handled", () => {
    expect(standardWebhooks.reply(true)).toEqual({ status: 204, headers: {}, body: "" });
    expect(standardWebhooks.reply(false).status).toBe(500);
  });
});
