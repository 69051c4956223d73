import * as fc from "fast-check";
import { compactDecrypt } from "jose";
import { describe, expect, it } from "vitest";

import { hookJsonDepthMax } from "./hook-json.ts";
import type { JsonCodec, OutgoingCall } from "./hook-protocol.ts";
import type { Jwk, ProtocolKey, Trust } from "./key.ts";
import { opencard } from "./opencard.ts";
import { plaintextBytesMax, tokenBytesMax } from "./opencard-token.ts";
import type { IncomingRequest } from "./protocol.ts";
import { UnencodableError, UntrustedError } from "./protocol.ts";
import { forgeToken } from "./testing/forge-token.ts";
import { otherHeaders, otherKinds, otherShapes } from "./testing/hostile-tokens.ts";
import {
  documentKey,
  headerText,
  jwcryptoRefusal,
  jwcryptoReply,
  jwcryptoRequest,
} from "./testing/opencard.vectors.ts";
import { readReasonCharsMax } from "./reject-reason.ts";
import { arrived } from "./testing/wire.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (body: string | Uint8Array): string => (typeof body === "string" ? body : new TextDecoder().decode(body));

const key: ProtocolKey = { kid: "0", jwk: documentKey };
const rid = "1547805433203-123456";
const payload: unknown = JSON.parse(jwcryptoRequest.plaintext);
const call: OutgoingCall = { payload, requestId: rid, key, json: JSON };

const trust = (...keys: ProtocolKey[]): Trust => ({ keys, nowMs: 0, toleranceMs: 0 });
const posted = (token: string): IncomingRequest => ({ method: "POST", headers: {}, body: bytes(token) });
const answered = (token: string, status = 200): { status: number; headers: {}; body: Uint8Array } => ({
  status,
  headers: {},
  body: bytes(token),
});
const sealed = (plaintext: string | Uint8Array): string => forgeToken(headerText, plaintext, documentKey.k);
const header = (token: string): string => Buffer.from(token.split(".")[0] ?? "", "base64url").toString();

const byteLengths = (...parts: (string | undefined)[]): number[] =>
  parts.map((part) => Buffer.from(part ?? "", "base64url").length);

async function untrustedReason(decoding: Promise<unknown>): Promise<string> {
  const error: unknown = await decoding.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(UntrustedError);
  return (error as UntrustedError).reason;
}

describe("the sender's half of Opencard", () => {
  it("posts a compact token whose header is exactly alg, enc, kid and rid", async () => {
    const { headers, body } = await opencard.encode(call);
    expect(headers).toEqual(["Content-Type", "application/jwt"]);
    expect(header(text(body))).toBe(headerText);
    const [, wrappedKey, iv, ciphertext, tag, ...more] = text(body).split(".");
    const plaintextBytes = bytes(JSON.stringify(payload)).length;
    expect(byteLengths(wrappedKey, iv, ciphertext, tag)).toEqual([40, 16, (plaintextBytes | 15) + 1, 16]);
    expect(more).toEqual([]);
  });

  it("writes the payload with the caller's JSON", async () => {
    const json: JsonCodec = { parse: JSON.parse, stringify: () => '{"id":12345678901234567890}' };
    const { body } = await opencard.encode({ ...call, json });
    const { plaintext } = await compactDecrypt(body, documentKey);
    expect(text(plaintext)).toBe('{"id":12345678901234567890}');
  });

  it("uses another content key and another iv every time", async () => {
    const [first, second] = await Promise.all([opencard.encode(call), opencard.encode(call)]);
    const [one, two] = [text(first.body).split("."), text(second.body).split(".")];
    expect(one[0]).toBe(two[0]);
    for (const part of [1, 2, 3, 4]) expect(one[part]).not.toBe(two[part]);
  });

  it("reads a reply of jwcrypto", async () => {
    const reply = { status: 0, msg: "", data: { item_list: [{ title: "故宫博物院" }], jump_url: "/path/to/page3" } };
    expect(await opencard.interpret(answered(jwcryptoReply.token), call)).toEqual({
      kind: "continue",
      attachments: [],
      data: reply,
    });
  });

  it("treats a status other than 0 as a rejection whose reason is the msg", async () => {
    expect(await opencard.interpret(answered(jwcryptoRefusal.token), call)).toEqual({
      kind: "reject",
      reason: "Invalid srcid",
      data: { status: 2, msg: "Invalid srcid" },
    });
  });

  it("passes on the lifetime, and no undocumented member", async () => {
    const token = sealed('{"status":0,"msg":"ok","data":null,"lifetime":86400,"more":1,"__proto__":{"lifetime":1}}');
    expect(await opencard.interpret(answered(token), call)).toEqual({
      kind: "continue",
      attachments: [],
      data: { status: 0, msg: "ok", data: null, lifetime: 86400 },
    });
  });

  it("reads a limited part of a reason, and leaves the msg whole", async () => {
    const msg = "x".repeat(readReasonCharsMax + 1);
    const verdict = await opencard.interpret(answered(sealed(JSON.stringify({ status: 3, msg }))), call);
    expect(verdict).toEqual({ kind: "reject", reason: msg.slice(1), data: { status: 3, msg } });
  });

  it("accepts a reply without a msg", async () => {
    const verdict = await opencard.interpret(answered(sealed('{"status":1}')), call);
    expect(verdict).toEqual({ kind: "reject", reason: "", data: { status: 1, msg: "" } });
  });

  it("reads the reply with the caller's JSON", async () => {
    const json: JsonCodec = { parse: (seen) => ({ status: 0, data: { seen } }), stringify: JSON.stringify };
    const verdict = await opencard.interpret(answered(sealed('{"id":12345678901234567890}')), { ...call, json });
    expect(verdict).toMatchObject({ data: { data: { seen: '{"id":12345678901234567890}' } } });
  });

  it("compares the headers as objects, whatever the order of the members", async () => {
    const sorted = `{ "rid" : "${rid}" , "kid":"0", "enc":"A128CBC-HS256","alg":"A128K\\u0057" }`;
    const token = forgeToken(sorted, '{"status":0}', documentKey.k);
    expect(await opencard.interpret(answered(token), call)).toMatchObject({ kind: "continue" });
  });

  it.each([100, 201, 204, 301, 302, 400, 404, 500])("treats the HTTP status %d as a failure", async (status) => {
    expect(await opencard.interpret(answered(jwcryptoReply.token, status), call)).toMatchObject({
      kind: "failed",
      code: "http_status",
    });
  });

  it.each([
    ["another rid", headerText.replace(rid, "1547805433203-123457")],
    ["another kid", headerText.replace('"kid":"0"', '"kid":"1"')],
  ])("does not trust a reply under the right key with %s", async (_, wrong) => {
    const token = forgeToken(wrong, '{"status":0}', documentKey.k);
    expect(await opencard.interpret(answered(token), call)).toMatchObject({ kind: "failed", code: "untrusted_reply" });
  });

  it("does not trust a reply that was encrypted with another key", async () => {
    const token = forgeToken(headerText, '{"status":0}', "AAAAAAAAAAAAAAAAAAAAAA");
    expect(await opencard.interpret(answered(token), call)).toMatchObject({ kind: "failed", code: "untrusted_reply" });
  });

  it.each(otherKinds)("does not trust a reply of another kind: %s", async (_, token) => {
    expect(await opencard.interpret(answered(token), call)).toMatchObject({ kind: "failed", code: "untrusted_reply" });
  });

  it.each(["\n", "\r\n"])("reads a token with the line end %j, in calls and in replies", async (end) => {
    const reply = await opencard.interpret(answered(`${jwcryptoReply.token}${end}`), call);
    expect(reply).toMatchObject({ kind: "continue" });
    expect(await opencard.decode(posted(`${jwcryptoRequest.token}${end}`), trust(key))).toMatchObject({ payload });
  });

  it.each([...otherHeaders, ...otherShapes])("cannot use a reply that is not a token: %s", async (_, token) => {
    expect(await opencard.interpret(answered(token), call)).toMatchObject({ kind: "failed", code: "bad_reply" });
  });

  it.each([
    ["no JSON", "status: 0"],
    ["not UTF-8", Uint8Array.of(0x22, 0xff, 0x22)],
    ["a list", "[0]"],
    ["null", "null"],
    ["an empty object", "{}"],
    ["a status in text", '{"status":"0"}'],
    ["a status that is no integer", '{"status":0.5}'],
    ["a status beyond 2^53", '{"status":9007199254740993}'],
    ["a status from __proto__", '{"__proto__":{"status":0}}'],
    ["a msg that is no text", '{"status":1,"msg":{"a":1}}'],
    ["half a million brackets", `{"status":0,"data":${"[".repeat(500_000)}`],
    ["lists too deep", `{"status":0,"data":${"[".repeat(hookJsonDepthMax)}${"]".repeat(hookJsonDepthMax)}}`],
  ])("cannot use a reply that is encrypted with the right key and contains %s", async (_, plaintext) => {
    expect(await opencard.interpret(answered(sealed(plaintext)), call)).toMatchObject({
      kind: "failed",
      code: "bad_reply",
    });
  });

  it("never throws, whatever the reply is, and reveals nothing of the key", async () => {
    const pieces = fc.oneof(fc.uint8Array({ maxLength: 400 }), fc.string().map(bytes), fc.json().map(bytes));
    const bodies = fc.oneof(
      pieces,
      fc.tuple(pieces, pieces).map(([first, second]) => bytes(sealed(Buffer.concat([first, second])))),
      fc.string().map((text) => bytes(forgeToken(text, "{}", documentKey.k))),
    );
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(200, 200, 200, 500), bodies, async (status, body) => {
        const verdict = await opencard.interpret({ status, headers: {}, body }, call);
        expect(verdict.kind).toBe("failed");
        expect(JSON.stringify(verdict)).not.toContain(documentKey.k);
      }),
    );
  });

  it.each([
    ["a list", [1]],
    ["a text", "a"],
    ["null", null],
    ["nothing", undefined],
    ["a function", () => 1],
    [
      "what contains itself",
      Object.defineProperty({}, "self", {
        enumerable: true,
        get: function (this: object) {
          return this;
        },
      }),
    ],
    ["a 64-bit integer as a bigint", { id: 1n }],
    ["what is nested too deep", JSON.parse(`{"a":${"[".repeat(hookJsonDepthMax)}${"]".repeat(hookJsonDepthMax)}}`)],
    ["what is too large", { a: "x".repeat(plaintextBytesMax) }],
  ])("cannot carry %s", async (_, payload) => {
    await expect(opencard.encode({ ...call, payload })).rejects.toThrow(UnencodableError);
  });

  it("carries the largest and the deepest allowed payload", async () => {
    const deep = JSON.parse(`${"[".repeat(hookJsonDepthMax - 1)}${"]".repeat(hookJsonDepthMax - 1)}`) as unknown;
    const room = plaintextBytesMax - JSON.stringify({ deep, text: "" }).length;
    const payload = { deep, text: "x".repeat(room) };
    const longName = "\u{1f600}".repeat(64);
    const largest = { ...call, requestId: longName, key: { ...key, kid: longName }, payload };
    const request = arrived(await opencard.encode(largest));
    expect(request.body.length).toBeLessThanOrEqual(tokenBytesMax);
    const decoded = await opencard.decode(request, trust(largest.key));
    expect(JSON.stringify(decoded.payload)).toBe(JSON.stringify(payload));
  });

  it.each(["", "a\r\nb", "x".repeat(129), "\ud800"])("cannot carry %j as kid or request id", async (name) => {
    await expect(opencard.encode({ ...call, requestId: name })).rejects.toThrow(UnencodableError);
    await expect(opencard.encode({ ...call, key: { ...key, kid: name } })).rejects.toThrow(UnencodableError);
  });

  it("needs a key", async () => {
    await expect(opencard.encode({ ...call, key: null })).rejects.toThrow(UnencodableError);
    expect(await opencard.interpret(answered(jwcryptoReply.token), { ...call, key: null })).toMatchObject({
      kind: "failed",
    });
  });

  const secret = "c2VjcmV0LXNlY3JldC0xNg";
  it.each<[string, Jwk]>([
    ["15 bytes", { kty: "oct", k: secret.slice(0, 20) }],
    ["24 bytes", { kty: "oct", k: `${secret.slice(0, 20)}${secret.slice(0, 12)}` }],
    ["32 bytes", { kty: "oct", k: `${secret}${secret.slice(0, 21)}` }],
    ["padding", { kty: "oct", k: `${secret}==` }],
    ["bits that are not needed", { kty: "oct", k: `${secret.slice(0, -1)}h` }],
    ["base64's other alphabet", { kty: "oct", k: `${secret.slice(0, -3)}+/A` }],
    ["no k", { kty: "oct" }],
    ["another type of key", { kty: "OKP", crv: "Ed25519", d: secret, x: secret, k: secret }],
    ["another algorithm", { kty: "oct", k: secret, alg: "dir" }],
    ["another use", { kty: "oct", k: secret, use: "sig" }],
  ])("refuses a key with %s, and says nothing of the key", async (_, jwk) => {
    const faulty = { ...call, key: { kid: "0", jwk } };
    const error: unknown = await opencard.encode(faulty).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(UnencodableError);
    expect((error as UnencodableError).message).toMatch(/^key: /);
    expect(String((error as UnencodableError).stack)).not.toContain(secret.slice(0, 12));
    expect(await untrustedReason(opencard.decode(posted(jwcryptoRequest.token), trust({ kid: "0", jwk })))).toBe(
      "unknown_key",
    );
  });
});
