import { describe, expect, it, vi } from "vitest";

import type { HookVerdict, OutgoingCall } from "../protocols/hook-protocol.ts";
import type { Jwk } from "../protocols/key.ts";
import type { ReceiverReply } from "../protocols/protocol.ts";
import { forgeToken } from "../protocols/testing/forge-token.ts";
import { otherHeaders, otherKinds, otherShapes } from "../protocols/testing/hostile-tokens.ts";
import { documentKey, headerText, jwcryptoReply, jwcryptoRequest } from "../protocols/testing/opencard.vectors.ts";
import { arrived } from "../protocols/testing/wire.ts";
import { ReceiveError } from "../receive/receive-error.ts";
import type { ReceivedRequest, Receiver } from "../receive/receiver.ts";
import type { CardHandler, CardRequest, OpencardReceiverOptions } from "./index.ts";
import { badParameters, createOpencardReceiver, found, noResult, opencard } from "./index.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const newJwk: Jwk = { kty: "oct", k: "AAAAAAAAAAAAAAAAAAAAAA" };
const rid = "1547805433203-123456";

const posted = (body: string | Uint8Array): ReceivedRequest => ({
  method: "POST",
  path: "/webhook",
  headers: {},
  body: typeof body === "string" ? bytes(body) : body,
});

const palace: CardHandler = () => ({ item_list: [{ title: "故宫博物院" }], jump_url: "/path/to/page3" });

function receiverWith(options: Partial<OpencardReceiverOptions>): Receiver {
  return createOpencardReceiver({ keys: { "0": documentKey }, cards: { "123": palace }, ...options });
}

/** The handler's answer as the sender gets it. */
async function answerTo(
  receiver: Receiver,
  payload: unknown,
  key: { kid: string; jwk: Jwk } = { kid: "0", jwk: documentKey },
): Promise<HookVerdict> {
  const call: OutgoingCall = { payload, requestId: rid, key, json: JSON };
  const reply = await receiver.handle({ ...arrived(await opencard.encode(call)), path: "/" });
  return opencard.interpret(asGot(reply), call);
}

function asGot({ status, headers, body }: ReceiverReply): {
  status: number;
  headers: Readonly<Record<string, string>>;
  body: Uint8Array;
} {
  return { status, headers, body: typeof body === "string" ? bytes(body) : body };
}

const fails = (): never => {
  throw new Error("the listener failed");
};

function cyclic(): Record<string, unknown> {
  const itself: Record<string, unknown> = {};
  itself["itself"] = itself;
  return itself;
}

const answers = (data: object): object => ({ kind: "continue", data: { status: 0, data } });
const says = (status: number, msg: string): object => ({ kind: "reject", reason: msg, data: { status, msg } });
const refused = { status: 400, headers: {}, body: "" };

describe("a receiver of Opencard's calls", () => {
  it("answers a request of jwcrypto exactly as the document's program does", async () => {
    const reply = await receiverWith({}).handle(posted(jwcryptoRequest.token));
    expect(reply).toMatchObject({ status: 200, headers: { "content-type": "application/jwt" } });
    const call: OutgoingCall = { payload: {}, requestId: rid, key: { kid: "0", jwk: documentKey }, json: JSON };
    const verdict = await opencard.interpret(asGot(reply), call);
    expect(verdict).toEqual(
      await opencard.interpret(asGot({ status: 200, headers: {}, body: jwcryptoReply.token }), call),
    );
    expect(verdict).toMatchObject({ kind: "continue" });
  });

  it("answers an unknown card as the document's program does", async () => {
    expect(await answerTo(receiverWith({}), { srcid: "124" })).toMatchObject(says(2, "Invalid srcid"));
  });

  it.each([{}, { srcid: 123 }, { srcid: null }, { srcid: ["123"] }, { srcid: "__proto__" }, { srcid: "constructor" }])(
    "knows no card for %j",
    async (payload) => {
      expect(await answerTo(receiverWith({}), payload)).toMatchObject(says(2, "Invalid srcid"));
    },
  );

  it("passes the decoded request to the card's handler", async () => {
    const onCard = vi.fn<(request: CardRequest) => object>(() => ({}));
    await receiverWith({ cards: { "123": onCard } }).handle(posted(jwcryptoRequest.token));
    expect(onCard).toHaveBeenCalledExactlyOnceWith({
      srcid: "123",
      type: "sp_ala",
      surface: "mobile",
      intent: { name: "故宫" },
      location: { province: "北京市", city: "北京市" },
      payload: JSON.parse(jwcryptoRequest.plaintext),
      kid: "0",
      rid,
      signal: expect.any(AbortSignal),
    });
  });

  it("accepts a request that has only a srcid", async () => {
    const onCard = vi.fn<(request: CardRequest) => object>(() => ({}));
    await answerTo(receiverWith({ cards: { "123": onCard } }), { srcid: "123" });
    expect(onCard.mock.calls[0]?.[0]).toMatchObject({ type: null, surface: null, intent: {}, location: null });
  });

  it.each([
    ["type", { type: 1 }],
    ["surface", { surface: {} }],
    ["intent", { intent: "a" }],
    ["intent", { intent: [1] }],
    ["location", { location: "北京市" }],
    ["location", { location: { city: 1 } }],
  ])("answers bad parameters for a wrong %s: %j", async (member, payload) => {
    const onCard = vi.fn<CardHandler>(() => ({}));
    const receiver = receiverWith({ cards: { "123": onCard } });
    expect(await answerTo(receiver, { srcid: "123", ...payload })).toMatchObject(says(2, `Invalid ${member}`));
    expect(onCard).not.toHaveBeenCalled();
  });

  it.each([
    ["no JSON", "{"],
    ["a list", "[]"],
    ["not UTF-8", Uint8Array.of(0xff)],
    ["half a million brackets", `{"srcid":"123","intent":${"[".repeat(500_000)}`],
  ])("answers bad parameters to a payload that is %s, because its sender holds the key", async (_, plaintext) => {
    const reply = await receiverWith({}).handle(posted(forgeToken(headerText, plaintext, documentKey.k)));
    const call: OutgoingCall = { payload: {}, requestId: rid, key: { kid: "0", jwk: documentKey }, json: JSON };
    expect(await opencard.interpret(asGot(reply), call)).toMatchObject(says(2, "Invalid request"));
  });

  it("passes each request to its own card", async () => {
    const receiver = receiverWith({ cards: { "1": () => ({ card: 1 }), "2": async () => ({ card: 2 }) } });
    expect(await answerTo(receiver, { srcid: "1" })).toMatchObject(answers({ card: 1 }));
    expect(await answerTo(receiver, { srcid: "2" })).toMatchObject(answers({ card: 2 }));
  });

  it("does not mistake data for an answer", async () => {
    const receiver = receiverWith({ cards: { "1": () => ({ status: 2, msg: "a" }) } });
    expect(await answerTo(receiver, { srcid: "1" })).toMatchObject(answers({ status: 2, msg: "a" }));
  });

  it("can answer with no result, with bad parameters, and with a lifetime of the data", async () => {
    const cards: Record<string, CardHandler> = {
      none: () => noResult("nothing today"),
      bad: () => badParameters("which city?"),
      found: () => found({ a: 1 }, { msg: "ok", lifetime: 3600 }),
    };
    const receiver = receiverWith({ cards });
    expect(await answerTo(receiver, { srcid: "none" })).toMatchObject(says(1, "nothing today"));
    expect(await answerTo(receiver, { srcid: "bad" })).toMatchObject(says(2, "which city?"));
    expect(await answerTo(receiver, { srcid: "found" })).toMatchObject({
      kind: "continue",
      data: { status: 0, msg: "ok", data: { a: 1 }, lifetime: 3600 },
    });
  });
});

interface Palace {
  readonly title: string;
}
const palaceOf = (title: string): Palace => ({ title });

describe("a card's data", () => {
  const title = "故宫博物院";
  it.each<[string, CardHandler]>([
    ["an interface", (): Palace => ({ title })],
    ["a promise of one", (): Promise<Palace> => Promise.resolve({ title })],
    [
      "a class",
      () =>
        new (class {
          readonly title = title;
        })(),
    ],
    ["a record", (): Record<string, unknown> => ({ title })],
    ["an interface in found()", () => found(palaceOf(title))],
  ])("may have the type of %s", async (_, card) => {
    expect(await answerTo(receiverWith({ cards: { "1": card } }), { srcid: "1" })).toMatchObject(answers({ title }));
  });
});

describe("a card's handler that fails", () => {
  const failure = new Error("password: hunter2");
  it.each<[string, CardHandler]>([
    [
      "throws",
      () => {
        throw failure;
      },
    ],
    ["rejects", () => Promise.reject(failure)],
    ["returns nothing", (() => undefined) as unknown as CardHandler],
    ["returns a text", (() => "a") as unknown as CardHandler],
    // @ts-expect-error -- the type says so before
    ["returns a list", () => [1]],
    // @ts-expect-error -- the type says so before
    ["returns a date", () => new Date(0)],
    // @ts-expect-error -- the type says so before
    ["returns a promise of a list", () => Promise.resolve([1])],
    ["returns what is no JSON", () => ({ id: 1n })],
    ["returns what contains itself", cyclic],
    ["returns too much", () => ({ a: "x".repeat(2 * 1024 * 1024) })],
  ])("is reported when it %s, and the sender gets status 3 without any of it", async (_, handler) => {
    const onError = vi.fn<(error: unknown) => void>();
    const receiver = receiverWith({ cards: { "123": handler }, onError });
    expect(await answerTo(receiver, { srcid: "123" })).toMatchObject(says(3, "Internal error"));
    expect(onError).toHaveBeenCalledOnce();
    expect(onError.mock.calls[0]?.[0]).toBeInstanceOf(Error);
  });

  it("is answered even when onError fails as well", async () => {
    const receiver = receiverWith({
      cards: { "123": () => Promise.reject(failure) },
      onError: fails,
    });
    expect(await answerTo(receiver, { srcid: "123" })).toMatchObject(says(3, "Internal error"));
  });

  it("fails when its time limit expires, and its signal is aborted", async () => {
    const onError = vi.fn<(error: unknown) => void>();
    let signal: AbortSignal | null = null;
    const late: CardHandler = (request) => {
      ({ signal } = request);
      return new Promise((_, reject) => {
        request.signal.addEventListener("abort", () => reject(new Error("given up")));
      });
    };
    const receiver = receiverWith({ cards: { "123": late }, onError, handlerTimeoutMs: 1 });
    expect(await answerTo(receiver, { srcid: "123" })).toMatchObject(says(3, "Internal error"));
    expect(onError).toHaveBeenCalledOnce();
    expect(signal).toMatchObject({ aborted: true });
  });

  it("is not interrupted within its time limit", async () => {
    const receiver = receiverWith({ handlerTimeoutMs: 60_000 });
    expect(await answerTo(receiver, { srcid: "123" })).toMatchObject({ kind: "continue" });
  });
});

describe("requests that a receiver of Opencard's calls refuses", () => {
  const wrongKey = forgeToken(headerText, "{}", newJwk.k ?? "");
  const unknownKid = forgeToken(headerText.replace('"kid":"0"', '"kid":"9"'), "{}", documentKey.k);
  const tampered = jwcryptoRequest.token.split(".").with(4, "AAAAAAAAAAAAAAAAAAAAAA").join(".");
  const untrusted: readonly (readonly [string, string])[] = [
    ["a wrong key", wrongKey],
    ["an unknown kid", unknownKid],
    ["a changed tag", tampered],
    ["a kid called __proto__", forgeToken(headerText.replace('"kid":"0"', '"kid":"__proto__"'), "{}", documentKey.k)],
  ];

  it.each([...untrusted, ...otherKinds, ...otherHeaders, ...otherShapes])(
    "gets one and the same answer, whatever it is: %s",
    async (_, token) => {
      const onCard = vi.fn<CardHandler>(() => ({}));
      expect(await receiverWith({ cards: { "123": onCard } }).handle(posted(token))).toEqual(refused);
      expect(onCard).not.toHaveBeenCalled();
    },
  );

  it.each([
    ["wrong_signature", wrongKey],
    ["unknown_key", unknownKid],
    ["malformed", "a.b.c"],
    ["wrong_algorithm", otherKinds[0]?.[1] ?? ""],
  ])("is reported to the program only: %s", async (reason, token) => {
    const onRefused = vi.fn<NonNullable<OpencardReceiverOptions["onRefused"]>>();
    const request = posted(token);
    expect(await receiverWith({ onRefused }).handle(request)).toEqual(refused);
    expect(onRefused).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ code: "untrusted", reason }), request);
    expect(JSON.stringify(onRefused.mock.calls[0]?.[0])).not.toContain(documentKey.k);
  });

  it("are refused even when onRefused fails", async () => {
    const onError = vi.fn<(error: unknown) => void>();
    expect(await receiverWith({ onRefused: fails, onError }).handle(posted("a"))).toEqual(refused);
    expect(onError).toHaveBeenCalledOnce();
  });

  it("cause the same work for an unknown kid as for a wrong key: one unwrapping", async () => {
    const unwrap = vi.spyOn(crypto.subtle, "unwrapKey");
    try {
      await receiverWith({}).handle(posted(unknownKid));
      expect(unwrap).toHaveBeenCalledTimes(1);
      await receiverWith({}).handle(posted(wrongKey));
      expect(unwrap).toHaveBeenCalledTimes(2);
    } finally {
      unwrap.mockRestore();
    }
  });

  it.each(["GET", "HEAD", "PUT", "DELETE", "OPTIONS"])("answers 404 to %s", async (method) => {
    const reply = await receiverWith({}).handle({ ...posted(jwcryptoRequest.token), method });
    expect(reply).toEqual({ status: 404, headers: {}, body: "" });
  });

  it("are refused in the same way when they are too large or incomplete, and are reported to the program", async () => {
    const onRefused = vi.fn<NonNullable<OpencardReceiverOptions["onRefused"]>>();
    const receiver = receiverWith({ onRefused });
    const request = posted("");
    for (const code of ["body_too_large", "body_incomplete"] as const) {
      const error = new ReceiveError(code);
      expect(await receiver.refuse?.(error, request)).toEqual(refused);
      expect(onRefused).toHaveBeenLastCalledWith(error, request);
    }
    expect(await receiver.refuse?.(new ReceiveError("body_too_large"), { ...request, method: "PUT" })).toMatchObject({
      status: 404,
    });
  });

  it("accepts no larger body than the largest token", async () => {
    const receiver = receiverWith({});
    expect(receiver.bodyBytesMax).toBeLessThan(2 * 1024 * 1024);
    expect(await receiver.handle(posted("A".repeat(receiver.bodyBytesMax + 1)))).toEqual(refused);
  });
});

describe("the keys of a receiver of Opencard's calls", () => {
  it("can be several during a key rotation", async () => {
    const receiver = receiverWith({ keys: { "0": documentKey, "1": newJwk } });
    expect(await answerTo(receiver, { srcid: "123" })).toMatchObject({ kind: "continue" });
    expect(await answerTo(receiver, { srcid: "123" }, { kid: "1", jwk: newJwk })).toMatchObject({ kind: "continue" });
  });

  it("can be written as the member k of a JWK", async () => {
    const receiver = receiverWith({ keys: { "0": documentKey.k } });
    expect(await answerTo(receiver, { srcid: "123" })).toMatchObject({ kind: "continue" });
  });

  it("can change while it runs", async () => {
    let keys: Record<string, Jwk | string> = { "0": documentKey };
    const receiver = receiverWith({ keys: async () => keys });
    expect(await answerTo(receiver, { srcid: "123" })).toMatchObject({ kind: "continue" });
    keys = { "1": newJwk };
    expect(await receiver.handle(posted(jwcryptoRequest.token))).toEqual(refused);
    expect(await answerTo(receiver, { srcid: "123" }, { kid: "1", jwk: newJwk })).toMatchObject({ kind: "continue" });
  });

  it("are not requested for a body that is not a token", async () => {
    const keys = vi.fn<() => Record<string, string>>(() => ({ "0": documentKey.k }));
    await receiverWith({ keys }).handle(posted("hello"));
    expect(keys).not.toHaveBeenCalled();
  });

  it.each<[string, () => Record<string, string> | Promise<Record<string, string>>]>([
    [
      "throws",
      () => {
        throw new Error("no database");
      },
    ],
    ["rejects", () => Promise.reject(new Error("no database"))],
    ["returns a key that is none", () => ({ "0": "c2VjcmV0LXNlY3JldA" })],
  ])("that %s are reported, and the sender gets 500 with nothing", async (_, keys) => {
    const onError = vi.fn<(error: unknown) => void>();
    const reply = await receiverWith({ keys, onError }).handle(posted(jwcryptoRequest.token));
    expect(reply).toEqual({ status: 500, headers: {}, body: "" });
    expect(onError).toHaveBeenCalledOnce();
    expect(String(onError.mock.calls[0]?.[0])).not.toContain("c2VjcmV0");
  });

  it("are refused when their JWK forbids this use", () => {
    const jwk = { ...documentKey, key_ops: ["encrypt"] };
    expect(() => receiverWith({ keys: { "7": jwk } })).toThrow(/^keys: "7": key_ops must have "wrapKey"/);
    expect(() => receiverWith({ keys: { "7": { ...jwk, key_ops: ["unwrapKey", "wrapKey"] } } })).not.toThrow();
  });

  it("are checked at once when they are fixed; the errors contain no part of a key", () => {
    expect(() => receiverWith({ keys: { "7": "c2VjcmV0LXNlY3JldA" } })).toThrow(
      new TypeError('keys: "7": k must be 16 bytes in base64url without padding'),
    );
    expect(() => receiverWith({ keys: {} })).toThrow(TypeError);
  });
});

describe("invalid options", () => {
  it.each<[string, Partial<OpencardReceiverOptions>]>([
    ["a card without a handler", { cards: { "123": "palace" as unknown as CardHandler } }],
    ["no time for handlers", { handlerTimeoutMs: 0 }],
    ["half a millisecond", { handlerTimeoutMs: 0.5 }],
    ["more time than a timer can wait", { handlerTimeoutMs: 2 ** 31 }],
  ])("are reported at once: %s", (_, options) => {
    expect(() => receiverWith(options)).toThrow(TypeError);
  });
});
