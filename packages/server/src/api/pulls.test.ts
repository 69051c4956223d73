/**
 * Real: the HTTP application, the pulls, the memory driver. Faked: the clock. Tests of clients that disconnect use a
 * socket.
 */

import { connect } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { RingbackError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import type { Topic } from "../domain/model.ts";
import { call } from "./testing/call.ts";
import { listen } from "./testing/raw-connection.ts";
import type { RecordedPulls } from "./testing/recorded-pulls.ts";
import { storedTopics } from "./testing/stored.ts";
import { createTestApp } from "./testing/test-app.ts";
import type { TestApp } from "./testing/test-app.ts";

const path = "/v1/topics/orders/subscriptions/worker";
let test: TestApp;
let pulls: RecordedPulls;

beforeEach(async () => {
  test = await createTestApp();
  ({ pulls } = test);
  await call(test.app, "PUT", "/v1/topics/orders");
  await call(test.app, "PUT", path, { json: { pull: {} } });
  await call(test.app, "PUT", "/v1/topics/orders/subscriptions/pushed", { json: { push: { url: "http://a.test/" } } });
});
afterEach(() => test.app.close());

/** Publishes messages to the topic of the subscription. */
async function publish(...bodies: readonly (string | Uint8Array)[]): Promise<void> {
  const [topic] = (await storedTopics(test.store)) as [Topic];
  const fields = { contentType: "text/plain", tags: ["a"], type: null, orderingKey: null, attributes: { x: "y" } };
  const messages = bodies.map((body) => ({ ...fields, body: Buffer.from(body), delayMs: 0 }));
  await test.store.log.append({ topicId: topic.id, messages, idempotency: null });
}

/** Publishes and pulls messages, and returns their receipt handles. */
async function pulled(count: number): Promise<string[]> {
  await publish(...Array.from({ length: count }, (_, index) => `body ${index + 1}`));
  const { json } = await call(test.app, "POST", `${path}/pull`, { json: { messagesMax: count } });
  return (json.messages as { receiptHandle: string }[]).map(({ receiptHandle }) => receiptHandle);
}

describe("pulling", () => {
  it("returns messages as the other routes do, each with a receipt handle", async () => {
    await publish("body 1", new Uint8Array([0xff, 0]), "body 3");
    // Pulls the first message for one second. The pull below is then its second.
    await call(test.app, "POST", `${path}/pull`, { json: { visibilityMs: 1_000 } });
    test.clock.nowMs += 1_000;
    const answer = await call(test.app, "POST", `${path}/pull`, { json: { messagesMax: 2 } });
    expect(answer).toMatchObject({ status: 200, headers: { "cache-control": "no-store" } });
    expect(answer.json.messages).toMatchObject([
      {
        topic: "orders",
        seq: 1,
        body: "body 1",
        tags: ["a"],
        attributes: { x: "y" },
        publishedAt: "2026-01-31T08:15:30.250Z",
        receiptHandle: expect.stringMatching(/^[\w-]+$/),
        receives: 2,
        firstReceivedAt: "2026-01-31T08:15:30.250Z",
        visibleAt: "2026-01-31T08:16:01.250Z",
      },
      { seq: 2, bodyBase64: "/wA=", bodyBytes: 2 },
    ]);
    expect([pulls.unread, pulls.putBacks]).toEqual([0, []]);
  });

  it("requests one message and does not wait by default", async () => {
    expect((await call(test.app, "POST", `${path}/pull`)).json).toEqual({ messages: [] });
    const json = { messagesMax: limits.pullMessagesMax, waitMs: 0, visibilityMs: 1_000 };
    await call(test.app, "POST", `${path}/pull`, { json });
    expect(pulls.wants).toMatchObject([{ messagesMax: 1, waitMs: 0, visibilityMs: null }, json]);
  });

  it("waits for a message", async () => {
    const answer = call(test.app, "POST", `${path}/pull`, { json: { waitMs: 60_000 } });
    await expect.poll(() => pulls.waiting).toBe(1);
    await publish("body 1");
    expect((await answer).json.messages).toMatchObject([{ seq: 1 }]);
  });

  it("that waits is answered with nothing when the server stops", async () => {
    const answer = call(test.app, "POST", `${path}/pull`, { json: { waitMs: 60_000 } });
    await expect.poll(() => pulls.waiting).toBe(1);
    await test.app.close();
    expect(await answer).toMatchObject({ status: 200, json: { messages: [] } });
  });

  it("ends when its client leaves, and takes nothing", async () => {
    const socket = await request(JSON.stringify({ waitMs: 60_000 }));
    await expect.poll(() => pulls.waiting).toBe(1);
    socket.destroy();
    await expect.poll(() => pulls.waiting).toBe(0);
    expect(pulls.wants[0]?.gone.aborted).toBe(true);
  });

  it("puts messages back at once when the client leaves in the middle of the answer", async () => {
    const socket = await request(JSON.stringify({ messagesMax: 100, waitMs: 60_000 }));
    await expect.poll(() => pulls.waiting).toBe(1);
    socket.pause();
    // The answer is larger than the system's buffers, because JSON writes each of these bytes as six.
    const body = "\u0001".repeat(limits.bodyBytesMax);
    const count = limits.pullBytesMax / limits.bodyBytesMax;
    await publish(...Array.from({ length: count }, () => body));
    await expect.poll(() => pulls.unread).toBe(1);
    socket.destroy();
    await expect.poll(() => pulls.putBacks.length).toBe(1);
    expect(pulls.putBacks[0]).toMatchObject({ delayMs: 0, receiptHandles: { length: count } });
    expect(pulls.unread).toBe(0);
  });

  it("puts messages back when the client had left before they were pulled", async () => {
    const socket = await request(JSON.stringify({ waitMs: 60_000 }));
    await expect.poll(() => pulls.waiting).toBe(1);
    pulls.returnsWhenGone = true;
    await publish("body 1");
    await expect.poll(() => pulls.unread).toBe(1);
    socket.destroy();
    await expect.poll(() => pulls.putBacks).toMatchObject([{ receiptHandles: { length: 1 }, delayMs: 0 }]);
    expect(pulls.unread).toBe(0);
    pulls.returnsWhenGone = false;
    expect((await call(test.app, "POST", `${path}/pull`)).json.messages).toMatchObject([{ seq: 1, receives: 2 }]);
  });

  it.each([
    [{ messagesMax: 0 }, "messagesMax"],
    [{ messagesMax: limits.pullMessagesMax + 1 }, "messagesMax"],
    [{ waitMs: -1 }, "waitMs"],
    [{ waitMs: limits.pullWaitMsMax + 1 }, "waitMs"],
    [{ visibilityMs: 0 }, "visibilityMs"],
    [{ visibilityMs: limits.visibilityMsMax + 1 }, "visibilityMs"],
    [{ waitMs: "1" }, "waitMs"],
    [{ wait: 1 }, "wait"],
  ])("refuses %j", async (json, field) => {
    const answer = await call(test.app, "POST", `${path}/pull`, { json });
    expect(answer).toMatchObject({ status: 400, json: { code: "invalid_request", errors: [{ field }] } });
    expect(pulls.wants).toEqual([]);
  });

  it.each(["too_many_waiters", "too_many_unacknowledged", "overloaded"] as const)(
    "answers %s with a time to retry after",
    async (code) => {
      pulls.failure = new RingbackError(code);
      const answer = await call(test.app, "POST", `${path}/pull`);
      expect(answer).toMatchObject({ status: 503, json: { code } });
      expect(Number(answer.headers["retry-after"])).toBeGreaterThan(0);
    },
  );
});

describe("a receiver's answer", () => {
  it.each(["ack", "nack"])(
    "by %s has a result per receipt handle, and succeeds although some of them failed",
    async (verb) => {
      const [ended = "", done = ""] = await pulled(2);
      await call(test.app, "POST", `${path}/ack`, { json: { receiptHandles: [ended] } });
      const receiptHandles = [ended, done, "what?"];
      const answer = await call(test.app, "POST", `${path}/${verb}`, { json: { receiptHandles } });
      expect(answer).toMatchObject({
        status: 200,
        json: {
          failed: 2,
          results: [
            { receiptHandle: ended, result: "ended" },
            { receiptHandle: done, result: "done" },
            { receiptHandle: "what?", result: "malformed" },
          ],
        },
      });
    },
  );

  it("puts messages back at once, or after a delay", async () => {
    const [atOnce = "", later = ""] = await pulled(2);
    await call(test.app, "POST", `${path}/nack`, { json: { receiptHandles: [atOnce] } });
    const delayMs = limits.visibilityMsMax;
    await call(test.app, "POST", `${path}/nack`, { json: { receiptHandles: [later], delayMs } });
    expect(pulls.putBacks).toEqual([
      { receiptHandles: [atOnce], delayMs: 0 },
      { receiptHandles: [later], delayMs },
    ]);
    const again = await call(test.app, "POST", `${path}/pull`, { json: { messagesMax: 2 } });
    expect(again.json.messages).toMatchObject([{ seq: 1, receives: 2 }]);
  });

  it.each([
    [{}, "receiptHandles"],
    [{ receiptHandles: [] }, "receiptHandles"],
    [{ receiptHandles: "r1" }, "receiptHandles"],
    [{ receiptHandles: [1] }, "receiptHandles[0]"],
    [{ receiptHandles: Array.from({ length: limits.receiptHandlesMax + 1 }, () => "r1") }, "receiptHandles"],
    [{ receiptHandles: ["r".repeat(limits.receiptHandleCharsMax + 1)] }, "receiptHandles[0]"],
    [{ receiptHandles: ["r1"], delay: 1 }, "delay"],
    [{ receiptHandles: ["r1"], delayMs: -1 }, "delayMs"],
  ])("is refused when it is %.60j", async (json, field) => {
    for (const verb of ["ack", "nack"]) {
      const answer = await call(test.app, "POST", `${path}/${verb}`, { json });
      expect(answer).toMatchObject({ status: 400, json: { code: "invalid_request", errors: [{ field }] } });
    }
    expect([pulls.acknowledged, pulls.putBacks]).toEqual([[], []]);
  });
});

describe("a subscription that cannot be pulled from", () => {
  const bodies = { pull: {}, ack: { receiptHandles: ["r1"] }, nack: { receiptHandles: ["r1"] } };

  it.each(Object.entries(bodies))("answers %s with an error: it is pushed, or missing", async (verb, json) => {
    const at = (where: string) => call(test.app, "POST", `/v1/topics/${where}/${verb}`, { json });
    expect(await at("orders/subscriptions/pushed")).toMatchObject({ status: 409, json: { code: "not_pulled" } });
    expect(await at("orders/subscriptions/none")).toMatchObject({ json: { code: "subscription_not_found" } });
    expect(await at("none/subscriptions/worker")).toMatchObject({ json: { code: "topic_not_found" } });
    expect(await at("orders/subscriptions/queue:a")).toMatchObject({ json: { code: "invalid_name" } });
    expect([pulls.wants, pulls.acknowledged, pulls.putBacks]).toEqual([[], [], []]);
  });
});

/** Sends a pull over a separate connection. */
async function request(body: string) {
  const port = await listen(test.app);
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => {});
  const head = ["host: a", "content-type: application/json", `content-length: ${body.length}`];
  socket.write([`POST ${path}/pull HTTP/1.1`, ...head, "", body].join("\r\n"));
  return socket;
}
