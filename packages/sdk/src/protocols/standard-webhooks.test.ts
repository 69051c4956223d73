import { createPublicKey, verify as verifyByOpenSsl } from "node:crypto";
import * as fc from "fast-check";
import { Webhook } from "standardwebhooks";
import { Webhook as SvixWebhook } from "svix";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import type { Jwk, ProtocolKey, Trust } from "./key.ts";
import type { IncomingRequest, OutgoingDelivery, UntrustedReason } from "./protocol.ts";
import { UnencodableError, UntrustedError } from "./protocol.ts";
import { standardWebhooksKey } from "./standard-webhooks-key.ts";
import { standardWebhooks } from "./standard-webhooks.ts";
import { newSecret, oldSecret, privateKey, publicKey, signedRequest } from "./testing/standard-webhooks.vectors.ts";
import { arrived, deliveries, printed, received, sampleDelivery, withoutTransportHeaders } from "./testing/wire.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Returns `length` bytes in base64url. */
const k = (length: number): string => Buffer.alloc(length, 0x5a).toString("base64url");

const oldKey = standardWebhooksKey("old", oldSecret);
const newKey = standardWebhooksKey("new", newSecret);
const pair = standardWebhooksKey("pair", privateKey);
const publicHalf = standardWebhooksKey("public", publicKey);

const sentAtMs = 11203433_987;
const delivery: OutgoingDelivery = {
  ...sampleDelivery,
  sentAtMs,
  contentType: "application/json",
  body: bytes('{"id": 12345678901234567890}'),
};

const trust: Trust = { keys: [oldKey, newKey, publicHalf], nowMs: sentAtMs, toleranceMs: 300_000 };
const trusting = (...keys: ProtocolKey[]): Trust => ({ ...trust, keys });

const [oldSignature = "", , edSignature = ""] = (received(signedRequest).headers["webhook-signature"] ?? "").split(" ");

async function refusal(request: IncomingRequest, by: Trust = trust): Promise<UntrustedReason> {
  const error: unknown = await Promise.resolve(standardWebhooks.decode(request, by)).catch((thrown: unknown) => thrown);
  if (error instanceof UntrustedError) return error.reason;
  throw new Error("not refused as untrusted", { cause: error });
}

describe("the sender's half of standard-webhooks", () => {
  it("writes the recorded request, byte for byte, signed by each key in the keys' order", async () => {
    expect(printed(await standardWebhooks.encode(delivery, [oldKey, newKey, pair]))).toEqual(
      withoutTransportHeaders(signedRequest),
    );
  });

  it("signs in the order of the keys", async () => {
    const { headers } = await standardWebhooks.encode(delivery, [pair, oldKey]);
    expect(headers.at(-1)).toBe(`${edSignature} ${oldSignature}`);
  });

  it("creates the same signature with a private key without its public half", async () => {
    const { d = "" } = pair.jwk;
    const { headers } = await standardWebhooks.encode(delivery, [{ kid: "d", jwk: { kty: "OKP", crv: "Ed25519", d } }]);
    expect(headers.at(-1)).toBe(edSignature);
  });

  it("keeps the id and has a new timestamp and signature on the next attempt", async () => {
    const again = { ...delivery, attempt: 2, requestId: "7", sentAtMs: sentAtMs + 13 };
    const first = arrived(await standardWebhooks.encode(delivery, [oldKey])).headers;
    const second = arrived(await standardWebhooks.encode(again, [oldKey])).headers;
    expect(second["webhook-id"]).toBe(first["webhook-id"]);
    expect(second["webhook-timestamp"]).toBe("11203434");
    expect(second["webhook-signature"]).not.toBe(first["webhook-signature"]);
  });

  it("sends the message's own bytes, not a copy, as bytes without a content type", async () => {
    const request = await standardWebhooks.encode({ ...delivery, contentType: null }, [oldKey]);
    expect(request.body).toBe(delivery.body);
    expect(request.headers.slice(0, 2)).toEqual(["Content-Type", "application/octet-stream"]);
  });

  it.each([
    ["a content type with a line break", { contentType: "text/plain\r\nx: y" }],
    ["a time before 1970", { sentAtMs: -1 }],
    ["a time between two milliseconds", { sentAtMs: 1.5 }],
    ["a message id with a full stop", { messageId: "1.2" }],
  ])("refuses %s", async (_, fault) => {
    await expect(standardWebhooks.encode({ ...delivery, ...fault }, [oldKey])).rejects.toThrow(UnencodableError);
  });

  it("refuses to send without a signature, or with more signatures than a receiver accepts", async () => {
    await expect(standardWebhooks.encode(delivery, [])).rejects.toThrow(UnencodableError);
    await expect(
      standardWebhooks.encode(
        delivery,
        Array.from({ length: 9 }, () => oldKey),
      ),
    ).rejects.toThrow(UnencodableError);
  });

  const otherX = Buffer.alloc(32, 1).toString("base64url");
  it.each<[string, Jwk, string]>([
    ["an RSA key", { kty: "RSA" }, "neither a shared secret nor an Ed25519 key"],
    ["a key for encryption", { kty: "oct", k: k(32), use: "enc" }, "neither a shared secret nor an Ed25519 key"],
    ["a secret without bytes", { kty: "oct" }, 'has no "k"'],
    ["a secret in base64", { kty: "oct", k: "+/+/" }, '"k" is not base64url without padding'],
    ["a secret of 23 bytes", { kty: "oct", k: k(23) }, "a secret must have 24 to 64 bytes to sign"],
    ["a secret of 65 bytes", { kty: "oct", k: k(65) }, "a secret must have 24 to 64 bytes to sign"],
    ["a public key", publicHalf.jwk, 'has no "d"'],
    ["a private key of 31 bytes", { kty: "OKP", crv: "Ed25519", d: k(31) }, '"d" does not have 32 bytes'],
    ["a public half of 33 bytes", { kty: "OKP", crv: "Ed25519", d: k(32), x: k(33) }, '"x" does not have 32 bytes'],
    ["halves of different pairs", { ...pair.jwk, x: otherX }, "the public key does not belong to the private key"],
  ])("refuses to sign with %s, and says nothing of what is in it", async (_, jwk, fault) => {
    const signing = standardWebhooks.encode(delivery, [oldKey, { kid: "k1", jwk }]);
    await expect(signing).rejects.toThrow(UnencodableError);
    await expect(signing).rejects.toThrow(new RegExp(`^key "k1": ${fault}$`));
    // The failed import is cached. The second attempt must fail as well.
    await expect(standardWebhooks.encode(delivery, [{ kid: "k2", jwk }])).rejects.toThrow(`key "k2": ${fault}`);
  });

  it.each([24, 64])("signs with a secret of %d bytes", async (length) => {
    const key = { kid: "k", jwk: { kty: "oct", k: k(length) } };
    const request = arrived(await standardWebhooks.encode(delivery, [key]));
    await expect(standardWebhooks.decode(request, trusting(key))).resolves.toMatchObject({ messageId: "6942316962" });
  });

  it("treats 410 as a final refusal, and uses Retry-After", () => {
    const reply = { headers: { "retry-after": "7" }, body: bytes("") };
    expect(standardWebhooks.interpret({ ...reply, status: 204 })).toEqual({ kind: "accepted" });
    expect(standardWebhooks.interpret({ ...reply, status: 410 })).toEqual({ kind: "gone" });
    expect(standardWebhooks.interpret({ ...reply, status: 503 })).toMatchObject({ retryAfter: { delayMs: 7000 } });
  });
});

describe("compatibility with other programs", () => {
  const payload = fc.oneof(fc.json(), fc.string({ unit: "grapheme" }));
  const body = payload.map(bytes);

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["Date"], now: sentAtMs });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("the standardwebhooks and svix packages verify our requests with either of two keys", async () => {
    await fc.assert(
      fc.asyncProperty(deliveries(body), fc.constantFrom(oldSecret, newSecret), async (sent, secret) => {
        const request = await standardWebhooks.encode({ ...sent, sentAtMs }, [oldKey, pair, newKey]);
        const { headers } = arrived(request);
        const text = Buffer.from(request.body).toString();
        const known = {
          "webhook-id": String(headers["webhook-id"]),
          "webhook-timestamp": String(headers["webhook-timestamp"]),
          "webhook-signature": String(headers["webhook-signature"]),
        };
        new Webhook(secret).verify(text, known, { jsonParse: false });
        new SvixWebhook(secret).verify(text, known);
        expect(() => new Webhook(secret).verify(`${text} `, known, { jsonParse: false })).toThrow(/No matching/);
      }),
    );
  });

  it("our receiver accepts signatures of the standardwebhooks and svix packages, and refuses others", async () => {
    const id = fc.stringMatching(/^[\w-]{1,40}$/);
    await fc.assert(
      fc.asyncProperty(id, payload, fc.boolean(), async (messageId, text, svix) => {
        const signer = svix ? new SvixWebhook(newSecret) : new Webhook(newSecret);
        const prefix = svix ? "svix" : "webhook";
        const headers = {
          [`${prefix}-id`]: messageId,
          [`${prefix}-timestamp`]: "11203433",
          [`${prefix}-signature`]: signer.sign(messageId, new Date(sentAtMs), text),
        };
        const request = { method: "POST", headers, body: bytes(text) };
        expect(await standardWebhooks.decode(request, trust)).toMatchObject({ messageId, body: bytes(text) });
        expect(await refusal({ ...request, body: bytes(`${text} `) })).toBe("wrong_signature");
      }),
    );
  });

  it("OpenSSL verifies our Ed25519 signatures", async () => {
    const key = createPublicKey({ key: { ...publicHalf.jwk }, format: "jwk" });
    await fc.assert(
      fc.asyncProperty(deliveries(fc.uint8Array()), async (sent) => {
        const { headers } = arrived(await standardWebhooks.encode(sent, [pair]));
        const signature = Buffer.from(String(headers["webhook-signature"]).slice("v1a,".length), "base64");
        const content = Buffer.concat([bytes(`${headers["webhook-id"]}.${headers["webhook-timestamp"]}.`), sent.body]);
        expect(verifyByOpenSsl(null, content, key, signature)).toBe(true);
      }),
    );
  });
});
