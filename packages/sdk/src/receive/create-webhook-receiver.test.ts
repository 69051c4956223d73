import { generateKeyPairSync, sign } from "node:crypto";

import { Webhook as OfficialWebhook } from "standardwebhooks";
import { Webhook as SvixWebhook } from "svix";
import { describe, expect, it, vi } from "vitest";

import type { ReceiverOptions } from "./create-receiver.ts";
import type { WebhookSecret } from "./create-webhook-receiver.ts";
import { createWebhookReceiver } from "./create-webhook-receiver.ts";
import type { ReceivedRequest } from "./receiver.ts";

const secret = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
const otherSecret = "whsec_ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA=";
const body = '{"type":"order.paid","id":12345678901234567890}';
const sentAt = new Date(1_700_000_000_000);

function signedBy(webhook: OfficialWebhook | SvixWebhook, prefix = "webhook"): ReceivedRequest {
  const headers = {
    [`${prefix}-id`]: "msg_1",
    [`${prefix}-timestamp`]: String(sentAt.getTime() / 1000),
    [`${prefix}-signature`]: webhook.sign("msg_1", sentAt, body),
  };
  return { method: "POST", path: "/", headers, body: new TextEncoder().encode(body) };
}

async function statusFor(request: ReceivedRequest, secrets: WebhookSecret | readonly WebhookSecret[]) {
  const onMessage = vi.fn<ReceiverOptions["onMessage"]>();
  const receiver = createWebhookReceiver({ secrets, onMessage, clock: () => sentAt.getTime() });
  const { status } = await receiver.handle(request);
  expect(onMessage).toHaveBeenCalledTimes(status === 204 ? 1 : 0);
  return status;
}

describe("a receiver of Standard Webhooks", () => {
  it("accepts requests that the official libraries sign", async () => {
    expect(await statusFor(signedBy(new OfficialWebhook(secret)), secret)).toBe(204);
    expect(await statusFor(signedBy(new SvixWebhook(secret), "svix"), secret)).toBe(204);
  });

  it("accepts the secret as text, as a JSON Web Key, and several of them", async () => {
    const request = signedBy(new OfficialWebhook(secret));
    const jwk = { kty: "oct", k: "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY" };
    expect(await statusFor(request, jwk)).toBe(204);
    expect(await statusFor(request, [otherSecret, jwk])).toBe(204);
    expect(await statusFor(request, [otherSecret, secret])).toBe(204);
  });

  it("refuses requests that another secret has signed", async () => {
    expect(await statusFor(signedBy(new OfficialWebhook(otherSecret)), secret)).toBe(403);
  });

  it("accepts an Ed25519 public key, and requests that its private half has signed", async () => {
    const pair = generateKeyPairSync("ed25519");
    const publicKey = Buffer.from(String(pair.publicKey.export({ format: "jwk" }).x), "base64url").toString("base64");
    const content = Buffer.from(`msg_1.${sentAt.getTime() / 1000}.${body}`);
    const signature = sign(null, content, pair.privateKey).toString("base64");
    const request = signedBy(new OfficialWebhook(secret));
    const signed = { ...request, headers: { ...request.headers, "webhook-signature": `v1a,${signature}` } };
    expect(await statusFor(signed, `whpk_${publicKey}`)).toBe(204);
    expect(await statusFor(signed, secret)).toBe(403);
  });

  it.each<[string, WebhookSecret | readonly WebhookSecret[]]>([
    ["no secret", []],
    ["a text without its prefix", "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0"],
    ["a text that is no base64", "whsec_c2VjcmV0*"],
    ["a secret that is too short", "whsec_c2VjcmV0"],
    ["a key of another kind", { kty: "RSA", n: "c2VjcmV0" }],
    ["a JSON Web Key that is too short", { kty: "oct", k: "c2Vj" }],
    ["an empty one", { kty: "oct", k: "" }],
    ["one without k", { kty: "oct" }],
    ["one that is too long", { kty: "oct", k: "c2Vj".repeat(50) }],
    ["one that is meant for something else", { kty: "oct", k: "c2Vj".repeat(8), key_ops: ["sign"] }],
    ["one that is meant to encrypt", { kty: "oct", k: "c2Vj".repeat(8), use: "enc" }],
    ["a public key that is too short", { kty: "OKP", crv: "Ed25519", x: "c2Vj" }],
    ["null", null as unknown as WebhookSecret],
    ["seventeen of them", Array.from({ length: 17 }, () => secret)],
    ["a private key without its public half", { kty: "OKP", crv: "Ed25519", d: "c2VjcmV0" }],
  ])("does not start with %s, and says nothing of what is in it", (_, secrets) => {
    const start = () => createWebhookReceiver({ secrets, onMessage: () => undefined });
    expect(start).toThrow(TypeError);
    expect(start).not.toThrow(/c2Vj/);
  });
});
