/** Real: the HTTP application, publisher, hooks and inboxes, on the memory driver. Faked: events, transport, clock. */

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { limits } from "../domain/limits.ts";
import type { Message } from "../domain/model.ts";
import type { Transport } from "../transport/port.ts";
import { call } from "./testing/call.ts";
import { messageId } from "../domain/message-id.ts";
import { storedMessages } from "./testing/stored.ts";
import { createTestApp } from "./testing/test-app.ts";
import type { TestApp } from "./testing/test-app.ts";

const messages = "/v1/topics/orders/messages";
const ways = [
  ["publish", messages, { json: { body: "x" } }],
  ["publish of raw bytes", messages, { body: "x", headers: { "content-type": "text/plain" } }],
  ["batch", `${messages}/batch`, { json: { messages: [{ body: "x" }] } }],
  ["POST to an inbox", "/in/arrivals", { body: "x" }],
] as const;

let test: TestApp;
/** Headers of the POSTs to hooks, with lower-case names. */
let hookHeaders: Map<string, string>[];

beforeEach(async () => {
  hookHeaders = [];
  const transport: Transport = {
    post(_endpoint, headers, _body, done) {
      const pairs = headers.flatMap((name, at) =>
        at % 2 === 0 ? [[name.toLowerCase(), headers[at + 1]] as const] : [],
      );
      hookHeaders.push(new Map(pairs as [string, string][]));
      setImmediate(done, { durationMs: 0, error: null, status: 204, headers: {}, body: new Uint8Array(0) });
    },
    openSockets: () => 0,
    close: () => Promise.resolve(),
  };
  test = await createTestApp({}, { transport });
  await call(test.app, "PUT", "/v1/topics/orders");
  await call(test.app, "PUT", "/v1/inboxes/arrivals", { json: { topic: "orders" } });
  await call(test.app, "PUT", "/v1/hooks/ask", { json: { urls: ["http://127.0.0.1:9/"], protocol: "json" } });
});
afterEach(() => test.app.close());

const loops = () => test.events.emitted.filter(({ type }) => type === "loop.detected");
const event = { type: "loop.detected", accountId: 1 };

/** Sends the request with the header. */
async function post(path: string, given: (typeof ways)[number][2], hops: string) {
  const headers = { ...("headers" in given ? given.headers : {}), "ringback-hops": hops };
  return call(test.app, "POST", path, { ...given, headers });
}

describe.each(ways)("a %s", (_name, path, given) => {
  it("keeps the number of hops with the message, which is not shown", async () => {
    expect((await post(path, given, "4")).status).toBeLessThan(300);
    const [stored] = await storedMessages(test.store);
    expect(stored?.hops).toBe(4);
    const shown = await call(test.app, "GET", `/v1/messages/${await storedId(1)}`);
    expect(JSON.stringify(shown.json)).not.toContain('"hops"');
  });

  it.each([String(limits.hopsMax), "1000", "", "-1", "1, 2", "many"])(
    "with %j hops is refused with an event",
    async (hops) => {
      expect(await post(path, given, hops)).toMatchObject({ status: 508, json: { code: "loop_detected" } });
      expect(await storedMessages(test.store)).toEqual([]);
      expect(loops()).toEqual([{ ...event, at: test.clock.nowMs, topic: "orders" }]);
    },
  );
});

it("a publish without the header has no hops", async () => {
  await call(test.app, "POST", messages, { json: { body: "x" } });
  const [stored] = (await storedMessages(test.store)) as readonly [Message];
  expect(stored).toMatchObject({ hops: 0, request: null });
  expect(loops()).toEqual([]);
});

it("a publish with hops looks like any other publish", async () => {
  await post(messages, { json: { body: "x" } }, "1");
  await call(test.app, "POST", messages, { json: { body: "x" } });
  const [first, second] = [
    await call(test.app, "GET", `/v1/messages/${await storedId(1)}`),
    await call(test.app, "GET", `/v1/messages/${await storedId(2)}`),
  ];
  expect(first.json).toEqual({ ...(second.json as object), id: await storedId(1), seq: 1 });
});

async function storedId(seq: number): Promise<string> {
  const stored = (await storedMessages(test.store)).find((message) => message.seq === seq);
  return messageId((stored as Message).topicId, seq);
}

describe("a hook call", () => {
  const path = "/v1/hooks/ask/call";

  it.each([
    [undefined, "1"],
    ["0", "1"],
    ["4", "5"],
  ])("with %s hops is one hop more for the called program", async (hops, sent) => {
    const headers = hops === undefined ? {} : { "ringback-hops": hops };
    expect(await call(test.app, "POST", path, { json: {}, headers })).toMatchObject({ status: 200 });
    expect(hookHeaders.map((each) => each.get("ringback-hops"))).toEqual([sent]);
  });

  it("of a loop is refused with an event, and calls nobody", async () => {
    const headers = { "ringback-hops": String(limits.hopsMax) };
    const answer = await call(test.app, "POST", path, { json: {}, headers });
    expect(answer).toMatchObject({ status: 508, json: { code: "loop_detected" } });
    expect(hookHeaders).toEqual([]);
    expect(loops()).toEqual([{ ...event, at: test.clock.nowMs, hook: "ask" }]);
  });
});
