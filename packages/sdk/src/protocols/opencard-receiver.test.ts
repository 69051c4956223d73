import * as fc from "fast-check";
import { CompactEncrypt, compactDecrypt } from "jose";
import nodeJose from "node-jose";
import { describe, expect, it, vi } from "vitest";

import type { HookAnswer, IncomingCall, OutgoingCall } from "./hook-protocol.ts";
import type { ProtocolKey, Trust } from "./key.ts";
import { opencard } from "./opencard.ts";
import { plaintextBytesMax } from "./opencard-token.ts";
import type { IncomingRequest, ReceiverReply } from "./protocol.ts";
import { UndecodableError, UnencodableError, UntrustedError } from "./protocol.ts";
import { anyText } from "./testing/any-text.ts";
import { forgeToken } from "./testing/forge-token.ts";
import { otherHeaders, otherKinds, otherShapes } from "./testing/hostile-tokens.ts";
import { documentKey, headerText, jwcryptoReply, jwcryptoRequest } from "./testing/opencard.vectors.ts";
import { arrived } from "./testing/wire.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (body: string | Uint8Array): string => (typeof body === "string" ? body : new TextDecoder().decode(body));

const key: ProtocolKey = { kid: "0", jwk: documentKey };
const otherKey: ProtocolKey = { kid: "1", jwk: { kty: "oct", k: "AAAAAAAAAAAAAAAAAAAAAA" } };
const rid = "1547805433203-123456";
const payload: unknown = JSON.parse(jwcryptoRequest.plaintext);
const call: OutgoingCall = { payload, requestId: rid, key, json: JSON };
const opened: IncomingCall = { payload, requestId: rid, key };

const trust = (...keys: ProtocolKey[]): Trust => ({ keys, nowMs: 0, toleranceMs: 0 });
const posted = (token: string): IncomingRequest => ({ method: "POST", headers: {}, body: bytes(token) });
const answered = (token: string, status = 200): { status: number; headers: {}; body: Uint8Array } => ({
  status,
  headers: {},
  body: bytes(token),
});
const arrivedReply = ({ status, headers, body }: ReceiverReply): { status: number; headers: {}; body: Uint8Array } => ({
  status,
  headers,
  body: bytes(text(body)),
});
const sealed = (plaintext: string | Uint8Array): string => forgeToken(headerText, plaintext, documentKey.k);
const header = (token: string): string => Buffer.from(token.split(".")[0] ?? "", "base64url").toString();

async function untrustedReason(decoding: Promise<unknown>): Promise<string> {
  const error: unknown = await decoding.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(UntrustedError);
  return (error as UntrustedError).reason;
}

describe("the receiver's half of Opencard", () => {
  it("reads a request of jwcrypto", async () => {
    expect(await opencard.decode(posted(jwcryptoRequest.token), trust(key))).toEqual({
      payload: {
        type: "sp_ala",
        srcid: "123",
        surface: "mobile",
        intent: { name: "故宫" },
        location: { province: "北京市", city: "北京市" },
      },
      requestId: rid,
      key,
    });
  });

  it("finds the key by its kid among several", async () => {
    const keys = trust(otherKey, key);
    expect(await opencard.decode(posted(jwcryptoRequest.token), keys)).toMatchObject({ key });
    const { body } = await opencard.encode({ ...call, key: otherKey });
    expect(await opencard.decode(posted(text(body)), keys)).toMatchObject({ key: otherKey });
  });

  it("answers with the call's header and key", async () => {
    const { status, headers, body } = await opencard.reply({ action: "continue", data: { a: 1 } }, opened);
    expect({ status, headers }).toEqual({ status: 200, headers: { "content-type": "application/jwt" } });
    expect(header(text(body))).toBe(headerText);
    const { plaintext } = await compactDecrypt(body, documentKey);
    expect(text(plaintext)).toBe('{"status":0,"msg":"","data":{"a":1}}');
  });

  it.each<[HookAnswer, string]>([
    [{ action: "continue" }, '{"status":0,"msg":""}'],
    [{ action: "reject", reason: "no" }, '{"status":1,"msg":"no"}'],
    [{ action: "reject", data: [1] }, '{"status":1,"msg":"","data":[1]}'],
  ])("writes the answer %j as %s", async (answer, plaintext) => {
    const { body } = await opencard.reply(answer, opened);
    expect(text((await compactDecrypt(body, documentKey)).plaintext)).toBe(plaintext);
  });

  it.each<[string, HookAnswer, IncomingCall]>([
    [
      "attachments",
      {
        action: "continue",
        attachments: [{ kind: "text", contentType: null, filename: null, body: bytes("a") }],
      },
      opened,
    ],
    ["data that is no JSON", { action: "continue", data: { id: 1n } }, opened],
    ["too much data", { action: "continue", data: "x".repeat(plaintextBytesMax) }, opened],
    ["a call without a key", { action: "continue" }, { ...opened, key: null }],
    ["a call without an id", { action: "continue" }, { ...opened, requestId: null }],
  ])("cannot answer with %s", async (_, answer, call) => {
    await expect(opencard.reply(answer, call)).rejects.toThrow(UnencodableError);
  });

  it.each(otherKinds)("refuses a token of another kind: %s", async (_, token) => {
    expect(await untrustedReason(opencard.decode(posted(token), trust(key)))).toBe("wrong_algorithm");
  });

  it.each([...otherHeaders, ...otherShapes])("refuses a token that is not valid in Opencard: %s", async (_, token) => {
    expect(await untrustedReason(opencard.decode(posted(token), trust(key)))).toBe("malformed");
  });

  it("uses no key for any of these tokens", async () => {
    const touches = [
      vi.spyOn(crypto.subtle, "importKey"),
      vi.spyOn(crypto.subtle, "unwrapKey"),
      vi.spyOn(crypto.subtle, "deriveBits"),
      vi.spyOn(crypto.subtle, "decrypt"),
    ];
    try {
      for (const [, token] of [...otherKinds, ...otherHeaders, ...otherShapes]) {
        await untrustedReason(opencard.decode(posted(token), trust(key)));
      }
      for (const touch of touches) expect(touch).not.toHaveBeenCalled();
      // Decrypting a valid token proves that the spies notice the use of a key.
      await opencard.decode(posted(jwcryptoRequest.token), trust(key));
      expect(touches[1]).toHaveBeenCalledOnce();
    } finally {
      for (const touch of touches) touch.mockRestore();
    }
  });

  it("refuses an unknown kid as slowly as a wrong key", async () => {
    const unwrap = vi.spyOn(crypto.subtle, "unwrapKey");
    try {
      expect(await untrustedReason(opencard.decode(posted(jwcryptoRequest.token), trust(otherKey)))).toBe(
        "unknown_key",
      );
      expect(unwrap).toHaveBeenCalledOnce();
      const wrong = { ...otherKey, kid: "0" };
      expect(await untrustedReason(opencard.decode(posted(jwcryptoRequest.token), trust(wrong)))).toBe(
        "wrong_signature",
      );
      expect(unwrap).toHaveBeenCalledTimes(2);
    } finally {
      unwrap.mockRestore();
    }
  });

  it.each(["__proto__", "constructor", "toString"])("knows no key called %s", async (kid) => {
    const token = forgeToken(headerText.replace('"kid":"0"', `"kid":"${kid}"`), "{}", documentKey.k);
    expect(await untrustedReason(opencard.decode(posted(token), trust(key)))).toBe("unknown_key");
  });

  it("refuses a request whose two keys were swapped", async () => {
    const { body } = await opencard.encode({ ...call, key: { kid: "0", jwk: otherKey.jwk } });
    const swapped = trust({ kid: "0", jwk: documentKey }, { kid: "1", jwk: otherKey.jwk });
    expect(await untrustedReason(opencard.decode(posted(text(body)), swapped))).toBe("wrong_signature");
  });

  it("refuses the header of another token", async () => {
    const [, ...rest] = jwcryptoRequest.token.split(".");
    const other = Buffer.from(headerText.replace(rid, "1")).toString("base64url");
    expect(await untrustedReason(opencard.decode(posted([other, ...rest].join(".")), trust(key)))).toBe(
      "wrong_signature",
    );
  });

  it("refuses a token with any one character changed", async () => {
    const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.".split("");
    const { token } = jwcryptoRequest;
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: token.length - 1 }), fc.constantFrom(...alphabet), async (at, character) => {
        fc.pre(token[at] !== character);
        const changed = token.slice(0, at) + character + token.slice(at + 1);
        await untrustedReason(opencard.decode(posted(changed), trust(key)));
      }),
      { numRuns: 300 },
    );
  });

  it("refuses every beginning of a token", async () => {
    const { token } = jwcryptoRequest;
    for (let length = 0; length < token.length; length++) {
      await untrustedReason(opencard.decode(posted(token.slice(0, length)), trust(key)));
    }
  });

  it.each([
    ["no JSON", "{"],
    ["not UTF-8", Uint8Array.of(0xff)],
    ["a list", "[]"],
    ["a million brackets", "[".repeat(1_000_000)],
  ])("cannot read a payload that is %s, though the sender holds the key", async (_, plaintext) => {
    await expect(opencard.decode(posted(sealed(plaintext)), trust(key))).rejects.toThrow(UndecodableError);
  });

  it.each(["GET", "HEAD", "PUT", "post"])("refuses the method %s", async (method) => {
    const request = { ...posted(jwcryptoRequest.token), method };
    await expect(opencard.decode(request, trust(key))).rejects.toThrow(UndecodableError);
  });

  it("keeps a member called __proto__ an ordinary member", async () => {
    const { payload } = await opencard.decode(posted(sealed('{"__proto__":{"polluted":1}}')), trust(key));
    expect(Object.keys(payload as object)).toEqual(["__proto__"]);
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  });
});

describe("both halves of Opencard", () => {
  const names = anyText({ minLength: 1, maxLength: 40 })
    .map((text) => text.replace(/\p{Cc}/gu, ""))
    .filter((text) => text !== "");
  const values = fc.oneof(fc.jsonValue({ maxDepth: 5 }), anyText({ maxLength: 50 }));
  const objects = fc.dictionary(anyText({ maxLength: 10 }), values, { maxKeys: 5 });
  const keys = fc
    .tuple(names, fc.uint8Array({ minLength: 16, maxLength: 16 }))
    .map(([kid, secret]) => ({ kid, jwk: { kty: "oct", k: Buffer.from(secret).toString("base64url") } }))
    // Two keys must not have the same kid.
    .filter(({ kid }) => kid !== otherKey.kid);

  it("read each other's calls and replies", async () => {
    await fc.assert(
      fc.asyncProperty(keys, names, objects, values, fc.string(), async (key, requestId, payload, data, reason) => {
        const call = { payload, requestId, key, json: JSON };
        const incoming = await opencard.decode(arrived(await opencard.encode(call)), trust(otherKey, key));
        expect(incoming).toMatchObject({ requestId, key });
        expect(JSON.stringify(incoming.payload)).toBe(JSON.stringify(payload));

        const result = await opencard.interpret(
          arrivedReply(await opencard.reply({ action: "continue", data }, incoming)),
          call,
        );
        expect(JSON.stringify(result)).toBe(
          JSON.stringify({ kind: "continue", attachments: [], data: { status: 0, msg: "", data } }),
        );

        const refusal = await opencard.interpret(
          arrivedReply(await opencard.reply({ action: "reject", reason }, incoming)),
          call,
        );
        expect(refusal).toEqual({ kind: "reject", reason, data: { status: 1, msg: reason } });
      }),
    );
  });
});

describe("compatibility of Opencard with other libraries", () => {
  const [alg, enc] = ["A128KW", "A128CBC-HS256"] as const;
  const protectedHeader = { alg, enc, kid: "0", rid };

  it("is read by jose, and reads what jose writes", async () => {
    const { body } = await opencard.encode(call);
    const read = await compactDecrypt(body, documentKey);
    expect(read.protectedHeader).toEqual(protectedHeader);
    expect(JSON.parse(text(read.plaintext))).toEqual(payload);

    const seal = (plaintext: string): Promise<string> =>
      new CompactEncrypt(bytes(plaintext)).setProtectedHeader(protectedHeader).encrypt(documentKey);
    const request = await seal(jwcryptoRequest.plaintext);
    expect(await opencard.decode(posted(request), trust(key))).toMatchObject({ payload });
    const reply = await seal(jwcryptoReply.plaintext);
    expect(await opencard.interpret(answered(reply), call)).toMatchObject({ kind: "continue" });
  });

  it("is read by node-jose, and reads what node-jose writes", async () => {
    const shared = await nodeJose.JWK.asKey(documentKey);
    const { body } = await opencard.encode(call);
    const read = await nodeJose.JWE.createDecrypt(shared).decrypt(text(body));
    expect(read.header).toEqual(protectedHeader);
    expect(JSON.parse(read.payload.toString())).toEqual(payload);

    const seal = (plaintext: string): Promise<string> =>
      nodeJose.JWE.createEncrypt(
        { format: "compact", contentAlg: enc, fields: protectedHeader },
        { key: shared, reference: false },
      )
        .update(plaintext)
        .final();
    const request = await seal(jwcryptoRequest.plaintext);
    expect(await opencard.decode(posted(request), trust(key))).toMatchObject({ payload });
    const reply = await seal(jwcryptoReply.plaintext);
    expect(await opencard.interpret(answered(reply), call)).toMatchObject({ kind: "continue" });
  });

  it("reads a token that was built from the standards alone", async () => {
    const request = forgeToken(headerText, jwcryptoRequest.plaintext, documentKey.k);
    expect(await opencard.decode(posted(request), trust(key))).toMatchObject({ payload });
  });

  it.each(["A128GCM", "A192CBC-HS384", "A256GCM"])(
    "refuses a token of jose with the right key and enc %s",
    async (enc) => {
      const token = await new CompactEncrypt(bytes("{}"))
        .setProtectedHeader({ ...protectedHeader, enc })
        .encrypt(documentKey);
      expect(await untrustedReason(opencard.decode(posted(token), trust(key)))).toMatch(
        /^(?:malformed|wrong_algorithm)$/,
      );
    },
  );
});
