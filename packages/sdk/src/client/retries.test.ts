/** The client without a server: `fetch` and the timers are faked. */

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { LimitError, RingbackConnectionError, UnavailableError } from "./api-error.ts";
import { createClient, type ClientOptions } from "./client.ts";
import type { Fetch } from "./sender.ts";

// Not all timers are faked, because the streams of Node need the others.
const toFake = ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "performance"] as const;
beforeEach(() => {
  vi.useFakeTimers({ toFake: [...toFake] });
  vi.spyOn(Math, "random").mockReturnValue(0);
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const url = "http://ringback.test";

const unreachable = (): never => {
  throw new TypeError("fetch failed", { cause: new Error("connect ECONNREFUSED") });
};

/** Answers each request with the next function, and then with the last one again. */
function clientOf(answers: readonly (() => Response)[], options: Partial<ClientOptions> = {}) {
  const keys: (string | null)[] = [];
  const fetch: Fetch = async (_url, { headers }) => {
    keys.push(new Headers(headers).get("idempotency-key"));
    const answer = answers[Math.min(keys.length, answers.length) - 1];
    return answer?.() ?? unreachable();
  };
  return { keys, client: createClient({ url, fetch, ...options }) };
}

const times = <T>(count: number, item: T): T[] => Array.from({ length: count }, () => item);
const published = (): Response => Response.json({ messages: [{ id: "1", seq: 1 }] }, { status: 201 });
const unavailable = (): Response => new Response("<h1>Bad gateway</h1>", { status: 502 });
const limited = (): Response => new Response("", { status: 429 });
const broken = (): Response => new Response(new ReadableStream({ start: (body) => body.error(new Error("cut")) }));
const stream = (): Response =>
  new Response('event: e\ndata: {"n": 1}\n\n', { headers: { "content-type": "text/event-stream" } });

const fail = (error: Error): never => {
  throw error;
};

/** The result of a call that must end within a time. Streams need turns of the real event loop between the steps. */
async function within<T>(ms: number, call: Promise<T>): Promise<T | Error> {
  const startMs = performance.now();
  const results: (T | Error)[] = [];
  void call.then(
    (result) => results.push(result),
    (error: unknown) => results.push(error as Error),
  );
  while (results.length === 0 && performance.now() - startMs <= ms) await vi.advanceTimersByTimeAsync(20);
  return results[0] ?? fail(new Error(`no result within ${ms} ms`));
}

describe("a publisher", () => {
  it("sends a batch with one key until the server is there again", async () => {
    const retries: string[] = [];
    const onRetry = (error: Error) => void retries.push(error.name);
    const answers = [...times(6, unreachable), ...times(6, unavailable), published];
    const { client, keys } = clientOf(answers, { onRetry });
    const publisher = client.publisher("t");
    expect(await within(60_000, publisher.publish({ body: "once" }))).toMatchObject({ seq: 1 });
    expect(new Set(keys).size).toBe(1);
    expect(retries).toEqual([...times(6, "RingbackConnectionError"), ...times(6, "UnavailableError")]);
  });

  it("gives an outage up, and then tries each batch once", async () => {
    const { client, keys } = clientOf([unreachable], { retriesMax: 1 });
    const publisher = client.publisher("t", { messagesMax: 1, retryForMs: 1000 });
    expect(await within(3000, publisher.publish({ body: "1" }))).toBeInstanceOf(RingbackConnectionError);
    await vi.advanceTimersByTimeAsync(1000);
    keys.length = 0;
    expect(await within(1000, publisher.publish({ body: "2" }))).toBeInstanceOf(RingbackConnectionError);
    expect(keys).toHaveLength(2);
  });

  it("of a client without retries makes none", async () => {
    const { client, keys } = clientOf([unreachable], { retriesMax: 0 });
    expect(await within(5, client.publisher("t").publish({ body: "1" }))).toBeInstanceOf(RingbackConnectionError);
    expect(keys).toHaveLength(1);
  });

  it("says what to do when it is full", async () => {
    const { client } = clientOf([published]);
    const publisher = client.publisher("t", { waitingMax: 1 });
    void publisher.publish({ body: "1" });
    await expect(publisher.publish({ body: "2" })).rejects.toThrow("1 messages wait already: await earlier calls");
    await publisher.close();
  });
});

describe("a request", () => {
  it("is repeated after an answer that breaks off", async () => {
    const { client, keys } = clientOf([broken, () => Response.json({ seq: 7 })]);
    expect(await within(1000, client.publish("t", { body: "b" }))).toMatchObject({ seq: 7 });
    expect(keys).toHaveLength(2);
    const lost = clientOf([broken], { retriesMax: 0 }).client;
    await expect(lost.publish("t", { body: "b" })).rejects.toThrow(`cannot reach ${url}: cut`);
  });

  it("is repeated when a proxy has no server, but not if it may have had an effect", async () => {
    const { client, keys } = clientOf([unavailable, () => Response.json({})]);
    expect(await within(1000, client.get("/v1/topics"))).toEqual({});
    expect(keys).toHaveLength(2);
    const other = clientOf([unavailable]);
    await expect(other.client.post("/v1/api-keys", { body: { name: "a" } })).rejects.toThrow(UnavailableError);
    expect(other.keys).toHaveLength(1);
  });

  it("ends with the error that onRetry throws", async () => {
    const { client } = clientOf([limited], { onRetry: fail });
    await expect(client.publish("t", { body: "b" })).rejects.toThrow(LimitError);
  });
});

describe("a pull", () => {
  it("goes on when a message could not be acknowledged in time", async () => {
    const messages = [{ receiptHandle: "a" }, { receiptHandle: "b" }];
    const fetch: Fetch = async (to) => (to.endsWith("/pull") ? Response.json({ messages }) : unreachable());
    const lost: string[] = [];
    const client = createClient({ url, fetch });
    const pulled = client.pull("t", "s", {
      visibilityMs: 5000,
      onLost: ({ receiptHandle }) => lost.push(receiptHandle),
    });
    await pulled.next();
    expect(await within(5000, pulled.next())).toMatchObject({ value: { receiptHandle: "b" } });
    expect(lost).toEqual(["a"]);
    await within(5000, pulled.return());
  });
});

describe("events", () => {
  it("say when the stream has been opened, and why it is opened again", async () => {
    const steps: string[] = [];
    const { client } = clientOf([unreachable, stream, unavailable, stream], {
      onRetry: ({ message }) => void steps.push(message),
    });
    const events = client.events({ onOpen: () => steps.push("open") });
    expect(await within(1000, events.next())).toMatchObject({ value: { type: "e", n: 1 } });
    expect(await within(5000, events.next())).toMatchObject({ value: { type: "e", n: 1 } });
    await events.return();
    expect(steps).toEqual([
      `cannot reach ${url}: connect ECONNREFUSED`,
      "open",
      "the server closed the stream of events",
      "the server answered 502: <h1>Bad gateway</h1>",
      "open",
    ]);
  });

  it("end when the answer is not a stream of events", async () => {
    const { client } = clientOf([() => new Response("<h1>Hello</h1>")]);
    await expect(client.events().next()).rejects.toThrow("not a stream of events; is this a Ringback server?");
  });
});

describe("a client", () => {
  it.each(["", "localhost:8000", "/api", "http://", "ftp://a"])("refuses the URL %j", (bad) => {
    expect(() => createClient({ url: bad })).toThrow("it must be a URL such as http://127.0.0.1:8000");
  });

  it("does not show a token that cannot be sent", async () => {
    const { client } = clientOf([published], { token: "rbk_secret\nx" });
    await expect(client.get("/v1/topics")).rejects.toThrow(/^the token is empty, or has spaces/);
  });
});
