import { beforeEach, describe, expect, it } from "vitest";
import { parseEndpoint } from "../../transport/endpoint.ts";
import type { PostResult, Transport } from "../../transport/port.ts";
import { PullScene } from "../pull/testing/pull-scene.ts";
import { QueueTransport } from "./queue-transport.ts";

let scene: PullScene;
let transport: QueueTransport;
const posted: string[] = [];

const others: Transport = {
  post: ({ origin }, _headers, _body, done) => {
    posted.push(origin);
    done({ durationMs: 1, error: null, status: 204, headers: {}, body: new Uint8Array() });
  },
  openSockets: () => 7,
  close: () => Promise.resolve(),
};

beforeEach(() => {
  posted.length = 0;
  scene = new PullScene();
  const failed = (error: unknown): void => void scene.failures.push(error);
  transport = new QueueTransport({ others, queuesOf: () => scene.queues, clock: scene.time, failed });
});

function post(url: string, text: string): Promise<PostResult> {
  const accountId = scene.store.catalog.defaultAccount().id;
  const endpoint = { ...parseEndpoint({ url, connection: "keep-alive", timeoutMs: 1_000 }), accountId };
  const { promise, resolve } = Promise.withResolvers<PostResult>();
  transport.post(endpoint, ["x-any", "a"], Buffer.from(text), resolve);
  return promise;
}

describe("an endpoint that is a queue", () => {
  it("receives the body as a message, without the headers", async () => {
    await scene.queue("jobs");
    expect(await post("queue:jobs", "hello")).toMatchObject({ error: null, status: 200 });
    const [message] = await scene.receive("jobs");
    expect(message?.message).toMatchObject({
      body: Buffer.from("hello"),
      contentType: null,
      tags: [],
      attributes: {},
    });
    expect(posted).toEqual([]);
  });

  it("replies with an HTTP status when the queue is missing or full, or the body is too large", async () => {
    expect(await post("queue:jobs", "1")).toMatchObject({ error: null, status: 404 });
    await scene.queue("jobs", { messagesMax: 1, bodyBytesMax: 1024 });
    expect(await post("queue:jobs", "x".repeat(1025))).toMatchObject({ error: null, status: 413 });
    expect(await post("queue:jobs", "1")).toMatchObject({ error: null, status: 200 });
    expect(await post("queue:jobs", "2")).toMatchObject({ error: null, status: 503 });
  });

  it("reports an unexpected error, and does not show its message in the reply", async () => {
    await scene.queue("jobs");
    scene.store.log.append = () => Promise.reject(new Error("secret"));
    expect(await post("queue:jobs", "1")).toEqual({
      durationMs: 0,
      error: null,
      status: 500,
      headers: {},
      body: new Uint8Array(),
    });
    expect(scene.failures).toMatchObject([{ message: "secret" }]);
  });

  it("leaves other endpoints to the other transport", async () => {
    expect(await post("http://example.test/x", "1")).toMatchObject({ status: 204 });
    expect(posted).toEqual(["http://example.test"]);
    expect(transport.openSockets()).toBe(7);
  });

  it("finishes running appends when the server stops, and starts none after that", async () => {
    await scene.queue("jobs");
    const { promise: disk, resolve: goOn } = Promise.withResolvers<void>();
    const append = scene.store.log.append.bind(scene.store);
    scene.store.log.append = async (request) => {
      await disk;
      return append(request);
    };
    const before = post("queue:jobs", "1");
    await scene.time.quiet();
    const closed = transport.close();
    goOn();
    await closed;
    expect(await before).toMatchObject({ status: 200 });
    expect(await post("queue:jobs", "2")).toMatchObject({ error: "aborted" });
    expect(await scene.drain("jobs")).toEqual(["1"]);
  });

  it("has a valid name", () => {
    for (const url of ["queue:", "queue:a b", "queue://a", "queue:inbox:x"]) {
      expect(() => parseEndpoint({ url, connection: "close", timeoutMs: 1 })).toThrow("does not name a queue");
    }
  });
});
