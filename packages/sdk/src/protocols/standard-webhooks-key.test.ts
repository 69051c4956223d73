import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import {
  cryptoKeyOf,
  signingKeyFault,
  standardWebhooksKey,
  standardWebhooksText,
  versionOf,
} from "./standard-webhooks-key.ts";
import type { Jwk } from "./key.ts";
import { oldSecret, privateKey, publicKey } from "./testing/standard-webhooks.vectors.ts";

const x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
const d = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A";
const whsec = (bytes: number): string => `whsec_${Buffer.alloc(bytes, 7).toString("base64")}`;

describe("a key as text", () => {
  it("is a JSON Web Key with the given kid", () => {
    expect(standardWebhooksKey("a", oldSecret)).toEqual({
      kid: "a",
      jwk: { kty: "oct", k: "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" },
    });
    expect(standardWebhooksKey("b", publicKey)).toEqual({ kid: "b", jwk: { kty: "OKP", crv: "Ed25519", x } });
    expect(standardWebhooksKey("c", privateKey)).toEqual({ kid: "c", jwk: { kty: "OKP", crv: "Ed25519", d, x } });
  });

  it("can be a private key without its public half", () => {
    const seed = Buffer.from(d, "base64url").toString("base64");
    expect(standardWebhooksKey("c", `whsk_${seed}`)).toEqual({ kid: "c", jwk: { kty: "OKP", crv: "Ed25519", d } });
  });

  it("is written as the text for a receiver", () => {
    expect(standardWebhooksText(standardWebhooksKey("a", oldSecret))).toBe(oldSecret);
    expect(standardWebhooksText(standardWebhooksKey("b", publicKey))).toBe(publicKey);
    expect(standardWebhooksText(standardWebhooksKey("c", privateKey))).toBe(publicKey);
  });

  it("survives a round trip for every secret", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 64 }), (secret) => {
        const text = `whsec_${Buffer.from(secret).toString("base64")}`;
        expect(standardWebhooksText(standardWebhooksKey("a", text))).toBe(text);
      }),
    );
  });

  it.each([
    ["nothing", "", /^a key in text begins with whsec_, whpk_ or whsk_$/],
    ["a secret without its prefix", oldSecret.slice(6), /^a key in text begins/],
    ["a prefix in upper case", oldSecret.toUpperCase(), /^a key in text begins/],
    ["a space before it", ` ${oldSecret}`, /^a key in text begins/],
    ["a line break after it", `${oldSecret}\n`, /^what follows whsec_ is not base64$/],
    ["base64url", publicKey.replace("/", "_"), /^what follows whpk_ is not base64$/],
    ["no padding", publicKey.replace("=", ""), /^what follows whpk_ is not base64$/],
    ["an empty secret", "whsec_", /^a secret must have 16 to 64 bytes$/],
    ["a secret that is too short", whsec(15), /^a secret must have 16 to 64 bytes$/],
    ["a secret that is too long", whsec(65), /^a secret must have 16 to 64 bytes$/],
    ["a public key of another length", "whpk_AAAA", /^a public key has 32 bytes$/],
    ["a private key of another length", "whsk_AAAA", /^a private key has 32 bytes, or 64 with the public one$/],
  ])("is not %s, and an error says nothing of it", (_, text, message) => {
    expect(() => standardWebhooksKey("a", text)).toThrow(TypeError);
    expect(() => standardWebhooksKey("a", text)).toThrow(message);
  });

  it.each([
    [{ kty: "RSA" }, /^key "a": neither a shared secret nor an Ed25519 key$/],
    [{ kty: "oct" }, /^key "a": has no "k"$/],
    [{ kty: "OKP", crv: "Ed25519", d }, /^key "a": has no "x"$/],
    [{ kty: "OKP", crv: "Ed25519", x: "AAAA" }, /^key "a": "x" does not have 32 bytes$/],
  ])("cannot be written for %j", (jwk, message) => {
    expect(() => standardWebhooksText({ kid: "a", jwk })).toThrow(TypeError);
    expect(() => standardWebhooksText({ kid: "a", jwk })).toThrow(message);
  });
});

describe("a JSON Web Key", () => {
  it.each([
    [{ kty: "oct" }, "v1"],
    [{ kty: "oct", use: "sig", alg: "HS256" }, "v1"],
    [{ kty: "OKP", crv: "Ed25519" }, "v1a"],
    [{ kty: "OKP", crv: "Ed25519", use: "sig", alg: "EdDSA" }, "v1a"],
    [{ kty: "OKP", crv: "Ed25519", alg: "Ed25519" }, "v1a"],
    [{ kty: "oct", use: "enc" }, null],
    [{ kty: "oct", alg: "A128KW" }, null],
    [{ kty: "oct", alg: "HS512" }, null],
    [{ kty: "OKP", crv: "X25519" }, null],
    [{ kty: "OKP", crv: "Ed25519", alg: "HS256" }, null],
    [{ kty: "OKP" }, null],
    [{ kty: "EC", crv: "P-256" }, null],
    [{ kty: "OCT" }, null],
  ])("%j signs as %j", (jwk, version) => {
    expect(versionOf(jwk)).toBe(version);
  });

  it.each<[Jwk, string | null]>([
    [{ kty: "oct", k: "A".repeat(32) }, null],
    [{ kty: "OKP", crv: "Ed25519", d, x }, null],
    [{ kty: "OKP", crv: "Ed25519", d }, null],
    [{ kty: "oct", k: "A".repeat(22) }, "a secret must have 24 to 64 bytes to sign"],
    [{ kty: "oct", k: "A".repeat(88) }, "a secret must have 24 to 64 bytes to sign"],
    [{ kty: "oct" }, 'has no "k"'],
    [{ kty: "OKP", crv: "Ed25519", x }, 'has no "d"'],
    [{ kty: "OKP", crv: "Ed25519", d: "AAAA" }, '"d" does not have 32 bytes'],
    [{ kty: "oct", k: "A".repeat(32), key_ops: ["sign", "verify"] }, null],
    [{ kty: "oct", k: "A".repeat(32), key_ops: ["verify"] }, '"key_ops" does not have "sign"'],
    [{ kty: "oct", k: "A".repeat(32), key_ops: "sign" }, '"key_ops" does not have "sign"'],
    [{ kty: "RSA" }, "neither a shared secret nor an Ed25519 key"],
  ])("to sign with has a fault when signing would fail for it: %j", async (jwk, fault) => {
    expect(signingKeyFault(jwk)).toBe(fault);
    const version = versionOf(jwk);
    const signer = version === null ? null : await cryptoKeyOf(jwk, version, "sign").catch(() => null);
    expect(signer === null).toBe(fault !== null);
  });

  it("is imported once for each purpose", async () => {
    const { jwk } = standardWebhooksKey("c", privateKey);
    const signer = await cryptoKeyOf(jwk, "v1a", "sign");
    const verifier = await cryptoKeyOf(jwk, "v1a", "verify");
    expect(await cryptoKeyOf(jwk, "v1a", "sign")).toBe(signer);
    expect(await cryptoKeyOf(jwk, "v1a", "verify")).toBe(verifier);
    expect([signer.usages, verifier.usages]).toEqual([["sign"], ["verify"]]);
    expect([signer.extractable, verifier.extractable]).toEqual([false, false]);
  });
});
