import { describe, expect, it, vi } from "vitest";

import { cmqJson } from "../protocols/cmq.ts";
import type { IncomingMessage } from "../protocols/protocol.ts";
import { raw } from "../protocols/raw.ts";
import { standardWebhooks } from "../protocols/standard-webhooks.ts";
import { bareRequest, fullRequest } from "../protocols/testing/raw.vectors.ts";
import { sampleDelivery } from "../protocols/testing/wire.ts";
import type { ReceiverOptions } from "./create-receiver.ts";
import { createReceiver } from "./create-receiver.ts";
import { ReceiveError } from "./receive-error.ts";
import type { ReceivedRequest } from "./receiver.ts";
import { encodedRequest, postOf, printedRequest } from "./testing/requests.ts";

type OnMessage = ReceiverOptions["onMessage"];

function watched(options: Partial<ReceiverOptions> = {}) {
  const onMessage = vi.fn<OnMessage>();
  const onRefused = vi.fn<(error: ReceiveError, request: ReceivedRequest) => void>();
  const onError = vi.fn<(error: unknown, request: ReceivedRequest) => void>();
  const receiver = createReceiver({ protocol: raw, onMessage, onRefused, onError, ...options });
  return { receiver, onMessage, onRefused, onError };
}

const full = printedRequest(fullRequest);
const failing = () => Promise.reject(new Error("observer"));
const bareOfBytes = (count: number) => ({ ...printedRequest(bareRequest), body: new Uint8Array(count) });
const withId = (messageId: string, topic = "t") =>
  encodedRequest(cmqJson.encode({ ...sampleDelivery, messageId, topic }));
const handled = { status: 204, headers: {}, body: "" };

describe("a receiver of messages", () => {
  it("passes the message and its request to the handler, and answers as the dialect does", async () => {
    const { receiver, onMessage, onRefused, onError } = watched();
    expect(await receiver.handle(full)).toEqual(handled);
    expect(onMessage).toHaveBeenCalledExactlyOnceWith(raw.decode(full), full);
    expect(onRefused).not.toHaveBeenCalled();
    expect(onError).not.toHaveBeenCalled();
  });

  it("waits for the handler's promise", async () => {
    const finishing: (() => void)[] = [];
    const { receiver } = watched({ onMessage: () => new Promise<void>((resolve) => finishing.push(resolve)) });
    let answered = false;
    const reply = receiver.handle(full).finally(() => (answered = true));
    await vi.waitFor(() => expect(finishing).toHaveLength(1), { timeout: 15_000 });
    expect(answered).toBe(false);
    finishing[0]?.();
    expect(await reply).toEqual(handled);
  });

  it.each<[string, OnMessage]>([
    [
      "throws",
      () => {
        throw new Error("a secret");
      },
    ],
    ["breaks its promise", () => Promise.reject(new Error("a secret"))],
    ["throws nothing at all", () => Promise.reject(undefined)],
  ])("asks for a retry when the handler %s, and reports the error to the program only", async (_, onMessage) => {
    const { receiver, onError, onRefused } = watched({ onMessage });
    const reply = await receiver.handle(full);
    expect(reply).toEqual({ status: 500, headers: { "content-type": "text/plain" }, body: "not handled" });
    expect(onError).toHaveBeenCalledOnce();
    expect(onError.mock.calls[0]?.[1]).toBe(full);
    expect(onRefused).not.toHaveBeenCalled();
  });

  it("writes a failure to the console without onError", async () => {
    const written = vi.spyOn(console, "error").mockReturnValue();
    const failure = new Error("out of order");
    const receiver = createReceiver({ protocol: raw, onMessage: () => Promise.reject(failure) });
    expect((await receiver.handle(full)).status).toBe(500);
    expect(written).toHaveBeenCalledExactlyOnceWith("A callback could not be handled:", failure);
    written.mockRestore();
  });

  it.each(["GET", "HEAD", "PUT", "post", ""])("answers 405 to the method %j", async (method) => {
    const { receiver, onRefused, onMessage } = watched();
    expect(await receiver.handle({ ...full, method })).toMatchObject({ status: 405, headers: { allow: "POST" } });
    expect(onRefused.mock.calls[0]?.[0]).toMatchObject({ code: "wrong_method", reason: null });
    expect(onMessage).not.toHaveBeenCalled();
  });

  it("answers 413 to a body over its limit, and accepts one of exactly the limit", async () => {
    const { receiver, onRefused } = watched({ bodyBytesMax: 3 });
    expect(receiver.bodyBytesMax).toBe(3);
    expect((await receiver.handle(bareOfBytes(3))).status).toBe(204);
    expect((await receiver.handle(bareOfBytes(4))).status).toBe(413);
    expect(onRefused.mock.calls[0]?.[0].code).toBe("body_too_large");
  });

  it("has the size limit of its dialect by default", () => {
    expect(watched().receiver.bodyBytesMax).toBe(2 * 1024 * 1024);
    expect(watched({ protocol: { ...raw, bodyBytesMax: 7 } }).receiver.bodyBytesMax).toBe(7);
    expect(watched({ protocol: { ...raw, bodyBytesMax: 7 }, bodyBytesMax: 8 }).receiver.bodyBytesMax).toBe(8);
  });

  it.each(["body_too_large", "body_incomplete"] as const)("reports %s, which its adapter found", async (code) => {
    const { receiver, onRefused } = watched();
    const error = new ReceiveError(code);
    const reply = await receiver.refuse?.(error, full);
    expect(reply?.status).toBe(code === "body_too_large" ? 413 : 400);
    expect(onRefused).toHaveBeenCalledExactlyOnceWith(error, full);
  });

  it("is not created with a key that cannot verify, nor with too many keys", () => {
    const short = { kid: "a", jwk: { kty: "oct", k: "c2Vj" } };
    expect(() => watched({ protocol: standardWebhooks, keys: [short] })).toThrow(
      new TypeError('key "a": a secret must have 16 to 64 bytes to verify'),
    );
    const keys = Array.from({ length: 17 }, () => ({ kid: "a", jwk: { kty: "oct", k: "A".repeat(32) } }));
    expect(() => watched({ protocol: standardWebhooks, keys })).toThrow(new TypeError("keys: more than 16"));
  });

  it.each([[[1, 2]], [{}], [5], [null], [undefined]])(
    "answers 500 when a dialect's reply has %j for a body",
    async (body) => {
      const reply = () => ({ status: 200, headers: {}, body: body as unknown as string });
      const { receiver, onError } = watched({ protocol: { ...raw, reply } });
      expect(await receiver.handle(full)).toMatchObject({ status: 500, body: "not handled" });
      expect(onError).toHaveBeenCalledOnce();
    },
  );

  it("answers 400 to a request of another dialect, and names the part that is wrong", async () => {
    const { receiver, onRefused, onMessage } = watched();
    const hostile = postOf("<script>", "/");
    const reply = await receiver.handle(hostile);
    expect(reply).toMatchObject({ status: 400, body: expect.stringMatching(/^ringback-[a-z-]+: missing$/) });
    expect(onRefused).toHaveBeenCalledExactlyOnceWith(expect.any(ReceiveError), hostile);
    expect(onRefused.mock.calls[0]?.[0]).toMatchObject({
      code: "undecodable",
      message: expect.stringMatching(/^ringback-/),
    });
    expect(onMessage).not.toHaveBeenCalled();
  });

  it.each([-1, 1.5, Number.NaN, 8 * 1024 * 1024 + 1])("is not created with the size limit %d", (bodyBytesMax) => {
    expect(() => watched({ bodyBytesMax })).toThrow(/^bodyBytesMax: not a whole number/);
  });

  it("does not change its answer when its observers throw", async () => {
    const refusing = watched({ onRefused: failing });
    expect((await refusing.receiver.handle(postOf("", "/"))).status).toBe(400);
    expect(refusing.onError).toHaveBeenCalledOnce();
    const hopeless = watched({ onMessage: failing, onError: failing, onRefused: failing });
    expect((await hopeless.receiver.handle(full)).status).toBe(500);
    expect((await hopeless.receiver.handle(postOf("", "/"))).status).toBe(400);
  });

  it("answers 500 when the dialect itself fails", async () => {
    const broken = { ...raw, decode: () => Promise.reject(new RangeError("a fault of ours")) };
    const { receiver, onError, onMessage } = watched({ protocol: broken });
    expect((await receiver.handle(full)).status).toBe(500);
    expect(onError).toHaveBeenCalledOnce();
    expect(onMessage).not.toHaveBeenCalled();
  });
});

describe("a receiver of signed messages", () => {
  const secret = { kid: "new", jwk: { kty: "oct", k: "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY" } };
  const old = { kid: "old", jwk: { kty: "oct", k: "ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA" } };
  const sentAtMs = 1_700_000_000_000;
  const signed = async () => encodedRequest(await standardWebhooks.encode({ ...sampleDelivery, sentAtMs }, [secret]));
  const at = (nowMs: number) => ({ protocol: standardWebhooks, keys: [old, secret], clock: () => nowMs });

  it("accepts a signature of any of its keys", async () => {
    const { receiver, onMessage } = watched(at(sentAtMs));
    expect((await receiver.handle(await signed())).status).toBe(204);
    expect(onMessage).toHaveBeenCalledOnce();
  });

  it.each([
    [-300_000, 204],
    [300_000, 204],
    [-301_000, 403],
    [301_000, 403],
  ])("uses its clock: signed %d ms ago is answered with %d", async (offsetMs, status) => {
    const { receiver } = watched(at(sentAtMs + offsetMs));
    expect((await receiver.handle(await signed())).status).toBe(status);
  });

  it("lets the program set the tolerance for timestamps", async () => {
    const { receiver } = watched({ ...at(sentAtMs + 2000), toleranceMs: 1000 });
    expect((await receiver.handle(await signed())).status).toBe(403);
  });

  it("gives every untrusted sender the same answer, and reports the failed check to the program", async () => {
    const { receiver, onRefused, onMessage } = watched(at(sentAtMs));
    const request = await signed();
    const late = encodedRequest(await standardWebhooks.encode({ ...sampleDelivery, sentAtMs: 1 }, [secret]));
    const replies = await Promise.all([
      receiver.handle({ ...request, body: new Uint8Array(1) }),
      receiver.handle({ ...request, headers: { ...request.headers, "webhook-signature": undefined } }),
      receiver.handle(late),
    ]);
    for (const reply of replies) {
      expect(reply).toEqual({
        status: 403,
        headers: { "content-type": "text/plain; charset=utf-8" },
        body: "the request is not trusted",
      });
    }
    expect(new Set(onRefused.mock.calls.map(([error]) => error.reason))).toEqual(
      new Set(["wrong_signature", "no_signature", "timestamp_out_of_tolerance"]),
    );
    expect(onMessage).not.toHaveBeenCalled();
  });

  it("does not reveal what is wrong with a request to a signed dialect", async () => {
    const { receiver, onRefused } = watched(at(sentAtMs));
    expect(await receiver.handle(postOf("", "/"))).toMatchObject({
      status: 400,
      body: "the request was not understood",
    });
    expect(onRefused.mock.calls[0]?.[0].message).toBe("webhook-id: missing");
  });

  it("is not created without a key", () => {
    expect(() => watched({ protocol: standardWebhooks })).toThrow(TypeError);
    expect(() => watched({ protocol: standardWebhooks, keys: [] })).toThrow(/^keys: /);
  });

  it("is not created with a tolerance that would accept every timestamp", () => {
    expect(() => watched({ ...at(sentAtMs), toleranceMs: Number.NaN })).toThrow(RangeError);
  });
});

describe("a receiver that recognises duplicates", () => {
  it("calls its handler once per message, and answers every copy with success", async () => {
    const { receiver, onMessage } = watched({ protocol: cmqJson, deduplicate: true });
    for (const id of ["1", "1", "2", "1"]) expect((await receiver.handle(withId(id))).status).toBe(200);
    expect(onMessage.mock.calls.map(([message]) => message.messageId)).toEqual(["1", "2"]);
  });

  it("handles every copy when deduplication is off", async () => {
    for (const deduplicate of [{}, { deduplicate: false }]) {
      const { receiver, onMessage } = watched({ protocol: cmqJson, ...deduplicate });
      await receiver.handle(withId("1"));
      await receiver.handle(withId("1"));
      expect(onMessage).toHaveBeenCalledTimes(2);
    }
  });

  it("handles a retry after a failure", async () => {
    const onMessage = vi.fn<OnMessage>().mockRejectedValueOnce(new Error("once"));
    const { receiver } = watched({ protocol: cmqJson, deduplicate: true, onMessage });
    const statuses: number[] = [];
    for (let attempt = 0; attempt < 3; attempt++) statuses.push((await receiver.handle(withId("1"))).status);
    expect(statuses).toEqual([500, 200, 200]);
    expect(onMessage).toHaveBeenCalledTimes(2);
  });

  it("answers a copy with the outcome of the message that is being handled", async () => {
    for (const fails of [true, false]) {
      const finishing: (() => void)[] = [];
      const onMessage = vi.fn<OnMessage>(
        () =>
          new Promise<void>((resolve, reject) => finishing.push(() => (fails ? reject(new Error("no")) : resolve()))),
      );
      const { receiver, onError } = watched({ protocol: cmqJson, deduplicate: true, onMessage });
      const replies = [1, 2, 3].map(() => receiver.handle(withId("1")));
      await vi.waitFor(() => expect(finishing).toHaveLength(1), { timeout: 15_000 });
      finishing[0]?.();
      const status = fails ? 500 : 200;
      expect((await Promise.all(replies)).map((reply) => reply.status)).toEqual([status, status, status]);
      expect(onMessage).toHaveBeenCalledOnce();
      expect(onError).toHaveBeenCalledTimes(fails ? 1 : 0);
    }
  });

  it("does not confuse messages of two topics", async () => {
    const { receiver, onMessage } = watched({ protocol: cmqJson, deduplicate: true });
    await receiver.handle(withId("1", "one"));
    await receiver.handle(withId("1", "other"));
    expect(onMessage).toHaveBeenCalledTimes(2);
  });

  it("always handles messages without an id", async () => {
    const decode = (): IncomingMessage => ({ ...raw.decode(full), messageId: null });
    const { receiver, onMessage } = watched({ protocol: { ...raw, decode }, deduplicate: true });
    await receiver.handle(full);
    await receiver.handle(full);
    expect(onMessage).toHaveBeenCalledTimes(2);
  });

  it("distinguishes long topics and ids as well", async () => {
    const topics = ["x".repeat(200), `${"x".repeat(200)}y`];
    const { receiver, onMessage } = watched({ protocol: cmqJson, deduplicate: true });
    for (const topic of [...topics, ...topics]) await receiver.handle(withId("1", topic));
    expect(onMessage).toHaveBeenCalledTimes(2);
  });

  it("never answers an untrusted copy with success", async () => {
    const key = { kid: "k", jwk: { kty: "oct", k: "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY" } };
    const signed = { protocol: standardWebhooks, keys: [key], clock: () => sampleDelivery.sentAtMs };
    const { receiver } = watched({ ...signed, deduplicate: true });
    const request = encodedRequest(await standardWebhooks.encode(sampleDelivery, [key]));
    expect((await receiver.handle(request)).status).toBe(204);
    expect((await receiver.handle({ ...request, body: new Uint8Array(1) })).status).toBe(403);
  });

  it("forgets messages at its limits, and refuses invalid limits", async () => {
    const { receiver, onMessage } = watched({ protocol: cmqJson, deduplicate: { entriesMax: 1 } });
    for (const id of ["1", "2", "1"]) await receiver.handle(withId(id));
    expect(onMessage).toHaveBeenCalledTimes(3);
    expect(() => watched({ deduplicate: { ttlMs: -1 } })).toThrow(RangeError);
  });
});
