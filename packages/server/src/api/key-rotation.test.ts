/** Real: the HTTP application, the keys and their seals. Faked: the store, in memory, and the clock. */
import { createPublicKey, generateKeyPairSync, sign, verify } from "node:crypto";
import { Webhook } from "standardwebhooks";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { call, type CallBody } from "./testing/call.ts";
import { createTestApp, testNowMs } from "./testing/test-app.ts";
import type { TestApp } from "./testing/test-app.ts";

let test: TestApp;

beforeEach(async () => {
  test = await createTestApp();
});

afterEach(() => test.app.close());

const dayMs = 24 * 3600_000;
const ask = (method: string, url: string, json?: object, given?: CallBody) =>
  call(test.app, method, url, json === undefined ? given : { json });
const put = (json: object) => ask("PUT", "/v1/keys/k", json);
const rotate = (json?: object) => ask("POST", "/v1/keys/k/rotate", json);

describe("a PUT of a key", () => {
  it("generates a shared secret, and only its response shows it", async () => {
    const made = await put({ generate: "hmac" });
    expect(made).toMatchObject({ status: 201, json: { kty: "oct", bits: 256, usable: true, previousUntil: [] } });
    expect(made.headers["cache-control"]).toBe("no-store");
    const { secret } = made.json as { secret: string };
    expect(() => new Webhook(secret).sign("msg_1", new Date(), "x")).not.toThrow();
    const { secret: _, ...view } = made.json as Record<string, unknown>;
    expect((await ask("GET", "/v1/keys/k")).json).toEqual(view);
    expect(test.logLines.join("")).not.toContain(secret);
    const { json: again } = await put({ generate: "hmac" });
    expect(again.secret).not.toBe(secret);
  });

  it("generates a key pair, and only its response shows the public key", async () => {
    const { status, json } = await put({ generate: "ed25519" });
    expect({ status, json }).toMatchObject({ status: 201, json: { kty: "OKP", crv: "Ed25519", bits: 256 } });
    expect(json.publicKey).toMatch(/^whpk_[A-Za-z0-9+/]{43}=$/);
    expect(json).not.toHaveProperty("secret");
    expect((await ask("GET", "/v1/keys/k")).json).not.toHaveProperty("publicKey");
  });

  it("takes a key in the text form of Standard Webhooks, which is the same as its JWK", async () => {
    const bytes = Buffer.alloc(24, 7);
    const made = await put({ secret: `whsec_${bytes.toString("base64")}` });
    expect(made).toMatchObject({ status: 201, json: { kty: "oct", bits: 192 } });
    expect(made.json).not.toHaveProperty("secret");
    const again = await put({ jwk: { kty: "oct", k: bytes.toString("base64url") } });
    expect([again.status, again.headers["etag"]]).toEqual([200, made.headers["etag"]]);

    const pair = generateKeyPairSync("ed25519").privateKey.export({ format: "jwk" });
    const [d, x] = [Buffer.from(pair.d ?? "", "base64url"), Buffer.from(pair.x ?? "", "base64url")];
    const whole = await put({ secret: `whsk_${Buffer.concat([d, x]).toString("base64")}` });
    expect(whole).toMatchObject({ status: 200, json: { kty: "OKP" } });
    const half = await put({ secret: `whsk_${d.toString("base64")}` });
    expect(half.headers["etag"]).toBe(whole.headers["etag"]);
  });

  it.each([
    [{}, "invalid_key", "jwk"],
    [{ generate: "hmac", secret: "whsec_x" }, "invalid_request", "generate"],
    [{ generate: "rsa" }, "invalid_request", "generate"],
    [{ secret: "s3cret" }, "invalid_key", "secret"],
    [{ secret: `whsec_${Buffer.alloc(8).toString("base64")}` }, "invalid_key", "secret"],
    [{ secret: `whpk_${Buffer.alloc(32, 1).toString("base64")}` }, "invalid_key", "secret"],
    [{ secret: `whsk_${Buffer.alloc(64, 1).toString("base64")}` }, "invalid_key", "secret"],
    [{ secret: null }, "invalid_key", "secret"],
  ])("refuses %j", async (body, code, field) => {
    expect(await put(body)).toMatchObject({ status: 400, json: { code, errors: [{ field }] } });
    expect((await ask("GET", "/v1/keys/k")).status).toBe(404);
  });
});

describe("a rotated key", () => {
  it("is a new key of the same type and length, with the old one beside it until the overlap is over", async () => {
    await put({ jwk: { kty: "oct", k: Buffer.alloc(40, 1).toString("base64url") } });
    const rotated = await rotate();
    const until = new Date(testNowMs + dayMs).toISOString();
    expect(rotated).toMatchObject({ status: 200, json: { kty: "oct", bits: 320, previousUntil: [until] } });
    expect(rotated.headers["cache-control"]).toBe("no-store");
    expect(Buffer.from(rotated.json.secret.slice("whsec_".length), "base64")).toHaveLength(40);
    test.clock.nowMs = testNowMs + dayMs;
    expect((await ask("GET", "/v1/keys/k")).json.previousUntil).toEqual([]);
  });

  it("may be given, and may be of another type", async () => {
    await put({ generate: "hmac" });
    const given = await rotate({ secret: `whsec_${Buffer.alloc(32, 5).toString("base64")}`, overlapMs: 1000 });
    expect(given).toMatchObject({ status: 200, json: { previousUntil: [new Date(testNowMs + 1000).toISOString()] } });
    expect(given.json).not.toHaveProperty("secret");
    expect(await rotate({ generate: "ed25519" })).toMatchObject({
      json: { kty: "OKP", publicKey: expect.any(String) },
    });
  });

  it("does not change when the present key is given again", async () => {
    await put({ generate: "hmac" });
    const secret = `whsec_${Buffer.alloc(32, 5).toString("base64")}`;
    const first = await rotate({ secret });
    const second = await rotate({ secret });
    expect([second.status, second.json]).toEqual([200, first.json]);
  });

  it("has no old key beside it without an overlap, or after a PUT", async () => {
    await put({ generate: "hmac" });
    expect((await rotate({ overlapMs: 0 })).json.previousUntil).toEqual([]);
    expect((await rotate()).json.previousUntil).toHaveLength(1);
    expect((await put({ generate: "hmac" })).json.previousUntil).toEqual([]);
  });

  it("has two old keys beside it at most", async () => {
    await put({ generate: "hmac" });
    await rotate({ overlapMs: 1000 });
    await rotate({ overlapMs: 2000 });
    expect(await rotate()).toMatchObject({ status: 409, json: { code: "rotation_limit" } });
    expect((await ask("GET", "/v1/keys/k")).json.previousUntil).toHaveLength(2);
    test.clock.nowMs = testNowMs + 1000;
    expect((await rotate()).json.previousUntil).toHaveLength(2);
  });

  it("is refused if a subscription cannot use it, and if there is no key", async () => {
    expect(await rotate()).toMatchObject({ status: 404, json: { code: "key_not_found" } });
    await put({ generate: "hmac" });
    await ask("PUT", "/v1/topics/orders");
    const push = { url: "https://example.com/", protocol: "standard-webhooks", keys: ["k"] };
    expect((await ask("PUT", "/v1/topics/orders/subscriptions/s", { push })).status).toBe(201);
    const short = { jwk: { kty: "oct", k: Buffer.alloc(16).toString("base64url") } };
    expect(await rotate(short)).toMatchObject({ status: 409, json: { code: "key_in_use" } });
    expect(await rotate({ overlapMs: -1 })).toMatchObject({ status: 400, json: { errors: [{ field: "overlapMs" }] } });
  });

  it("heeds If-Match", async () => {
    const { headers } = await put({ generate: "hmac" });
    const conditional = { headers: { "if-match": String(headers["etag"]) } };
    expect((await ask("POST", "/v1/keys/k/rotate", undefined, conditional)).status).toBe(200);
    expect((await ask("POST", "/v1/keys/k/rotate", undefined, conditional)).status).toBe(412);
  });
});

describe("the public half of a key", () => {
  it("is shown in three forms, which all verify what the private half has signed", async () => {
    const { privateKey } = generateKeyPairSync("ed25519");
    await put({ jwk: privateKey.export({ format: "jwk" }) });
    const { status, json } = await ask("GET", "/v1/keys/k/public");
    expect(status).toBe(200);
    const signature = sign(null, Buffer.from("content"), privateKey);
    const fromText = { kty: "OKP", crv: "Ed25519", x: Buffer.from(json.text.slice(5), "base64").toString("base64url") };
    for (const key of [json.pem, { key: json.jwk, format: "jwk" }, { key: fromText, format: "jwk" }]) {
      expect(verify(null, Buffer.from("content"), createPublicKey(key), signature)).toBe(true);
    }
    expect(JSON.stringify(json)).not.toContain(privateKey.export({ format: "jwk" }).d);
  });

  it("does not exist for a shared secret or a missing key", async () => {
    expect(await ask("GET", "/v1/keys/k/public")).toMatchObject({ status: 404, json: { code: "key_not_found" } });
    await put({ generate: "hmac" });
    expect(await ask("GET", "/v1/keys/k/public")).toMatchObject({ status: 409, json: { code: "no_public_key" } });
  });

  it("is in the key set, with the keys that it has replaced, and no secret is", async () => {
    await put({ generate: "ed25519" });
    await ask("PUT", "/v1/keys/shared", { generate: "hmac" });
    const { json: old } = await ask("GET", "/v1/keys/k/public");
    await rotate({ overlapMs: 1000 });
    const { json: present } = await ask("GET", "/v1/keys/k/public");
    const { status, headers, json } = await ask("GET", "/.well-known/jwks.json");
    expect([status, headers["content-type"]]).toEqual([200, "application/jwk-set+json"]);
    expect(headers["cache-control"]).toBe("public, max-age=300");
    const common = { kty: "OKP", crv: "Ed25519", use: "sig", alg: "EdDSA" };
    expect(json).toEqual({
      keys: [
        { ...common, x: present.jwk.x, kid: "k" },
        { ...common, x: old.jwk.x, kid: expect.stringMatching(/^k~[\w-]{11}$/) },
      ],
    });
    test.clock.nowMs = testNowMs + 1000;
    expect((await ask("GET", "/.well-known/jwks.json")).json.keys).toHaveLength(1);
  });
});
