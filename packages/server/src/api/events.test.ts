/**
 * Real: the HTTP application on a socket of the loopback interface. Faked: store, publisher and event bus, in memory.
 */

import { connect } from "node:net";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { AccountId, MessageId } from "../domain/model.ts";
import type { LiveEvent } from "../engine/live-events.ts";
import { call } from "./testing/call.ts";
import { listen } from "./testing/raw-connection.ts";
import { createTestApp } from "./testing/test-app.ts";
import type { TestApp } from "./testing/test-app.ts";

const backlogMax = 10;
/** The default account of a new store. */
const accountId = 1 as AccountId;

function published(topic: string, ids: readonly string[] = ["1099511627777"]): LiveEvent {
  return { type: "message.published", accountId, at: 1_000, topic, ids: ids as readonly MessageId[] };
}

describe("the event stream", () => {
  let test: TestApp;
  let base: string;
  const readers: AbortController[] = [];
  beforeEach(async () => {
    test = await createTestApp({ eventStreamsMax: 2, eventStreamBacklogMax: backlogMax, eventHeartbeatMs: 20 });
    base = `http://127.0.0.1:${await listen(test.app)}`;
  });
  afterEach(async () => {
    for (const reader of readers.splice(0)) reader.abort();
    await test.app.close();
  });

  /** Opens an event stream and collects the text that it sends. */
  async function read(
    query = "",
    headers: Record<string, string> = {},
  ): Promise<{ text: () => string; leave: () => void; ended: Promise<void> }> {
    const controller = new AbortController();
    readers.push(controller);
    const response = await fetch(`${base}/v1/events${query}`, { signal: controller.signal, headers });
    expect([response.status, response.headers.get("content-type")]).toEqual([200, "text/event-stream; charset=utf-8"]);
    let text = "";
    const collect = async (): Promise<void> => {
      const decoder = new TextDecoder();
      try {
        for await (const chunk of response.body ?? []) text += decoder.decode(chunk, { stream: true });
      } catch (error) {
        if (!controller.signal.aborted) throw error;
      }
    };
    return { text: () => text, leave: () => controller.abort(), ended: collect() };
  }

  it("carries each event with type and JSON, times as text", async () => {
    const reader = await read();
    test.events.emit(published("orders"));
    test.events.emit({
      type: "delivery.attempted",
      accountId,
      at: 2_000,
      topic: "orders",
      subscription: "billing",
      messageId: "1099511627777" as MessageId,
      attempt: 1,
      verdict: "failed",
      status: 500,
      errorCode: "http_status",
      errorDetail: null,
      durationMs: 3,
      nextAttemptAt: 3_000,
    });
    await vi.waitFor(() => {
      expect(reader.text()).toContain("delivery.attempted");
    });
    expect(reader.text()).toContain(
      '\n\nevent: message.published\ndata: {"type":"message.published","at":"1970-01-01T00:00:01.000Z","topic":"orders","ids":["1099511627777"]}\n\n',
    );
    expect(reader.text()).toContain('"nextAttemptAt":"1970-01-01T00:00:03.000Z"');
  });

  it("carries changes that are made through the API", async () => {
    const reader = await read("?topic=orders");
    await call(test.app, "PUT", "/v1/topics/orders");
    await vi.waitFor(() => {
      expect(reader.text()).toContain("event: topic.changed\n");
    });
  });

  it("contains only the requested types and topics", async () => {
    const reader = await read("?topic=orders&type=message.published,topic.deleted&type=delivery.dead");
    test.events.emit(published("invoices"));
    test.events.emit({ type: "topic.changed", accountId, at: 1, topic: "orders" });
    test.events.emit({ type: "topic.deleted", accountId, at: 1, topic: "orders" });
    await vi.waitFor(() => {
      expect(reader.text()).toContain("topic.deleted");
    });
    expect(reader.text()).not.toMatch(/invoices|topic\.changed/);
  });

  it("leaves hook calls out when topics are requested, and contains them otherwise", async () => {
    const called = {
      type: "hook.called",
      accountId,
      at: 1_000,
      hook: "onMessage",
      action: "continue",
      httpStatus: 204,
      error: null,
      errorDetail: null,
      transportError: null,
      transportErrorDetail: null,
      durationMs: 3,
    } as const;
    const [ofTopic, all] = [await read("?topic=orders"), await read("?type=hook.called,message.published")];
    test.events.emit(called);
    test.events.emit(published("orders"));
    await vi.waitFor(() => {
      expect(ofTopic.text()).toContain("message.published");
      expect(all.text()).toContain("message.published");
    });
    expect(ofTopic.text()).not.toContain("hook.called");
    expect(all.text()).toContain(
      'event: hook.called\ndata: {"type":"hook.called","at":"1970-01-01T00:00:01.000Z","hook":"onMessage","action":"continue"',
    );
  });

  it.each([
    ["type=everything", "invalid_request", "type[0]"],
    ["topic=_1", "invalid_name", "topic"],
    ["topic=a&topic=b", "invalid_request", "topic"],
    ["since=1", "invalid_request", "since"],
  ])("is refused for %s", async (query, code, field) => {
    expect(await call(test.app, "GET", `/v1/events?${query}`)).toMatchObject({
      status: 400,
      json: { code, errors: [{ field }] },
    });
    expect(test.events.isWatched).toBe(false);
  });

  it("is never silent for long", async () => {
    const reader = await read();
    await vi.waitFor(() => {
      expect(reader.text().match(/^: heartbeat$/gm)?.length).toBeGreaterThan(1);
    });
  });

  it("is limited to a number of readers, and a reader that disconnects frees its place", async () => {
    const first = await read();
    await read();
    const refused = await call(test.app, "GET", "/v1/events");
    expect(refused).toMatchObject({
      status: 503,
      headers: { "retry-after": "15" },
      json: { code: "too_many_streams" },
    });
    first.leave();
    await vi.waitFor(async () => {
      await read();
    });
  });

  it("ends when its account is deleted", async () => {
    await call(test.app, "PUT", "/v1/accounts/acme", {});
    const ended = await read("", { "ringback-account": "acme" });
    const other = await read();
    await call(test.app, "DELETE", "/v1/accounts/acme");
    await ended.ended;
    test.events.emit(published("orders"));
    await vi.waitFor(() => {
      expect(other.text()).toContain("message.published");
    });
  });

  it("listens to the engine only while there are readers", async () => {
    expect(test.events.isWatched).toBe(false);
    const reader = await read();
    expect(test.events.isWatched).toBe(true);
    reader.leave();
    await vi.waitFor(() => {
      expect(test.events.isWatched).toBe(false);
    });
  });

  it("ends when the server closes", async () => {
    const reader = await read();
    await test.app.close();
    await reader.ended;
    expect(test.events.isWatched).toBe(false);
  });

  it("reports to a slow reader how many events it missed, and continues", async () => {
    const port = Number(new URL(base).port);
    const socket = connect(port, "127.0.0.1");
    socket.setEncoding("latin1");
    socket.write("GET /v1/events HTTP/1.1\r\nHost: x\r\n\r\n");
    let text = "";
    const take = (chunk: Buffer | string) => (text += String(chunk));
    socket.on("data", take);
    await vi.waitFor(() => {
      expect(text).toContain("retry: ");
    });

    // All events are emitted in one turn of the event loop, so that the reader cannot read in between. The socket's
    // buffers fill first, then the backlog, and then events are dropped.
    const ids = Array.from({ length: 1_000 }, (_, i) => String(1_099_511_627_777 + i));
    const sent = 1_000;
    for (let i = 0; i < sent; i++) test.events.emit(published("orders", ids));
    test.events.emit({ type: "topic.deleted", accountId, at: 1, topic: "the-last" });
    await vi.waitFor(() => {
      expect(text).toContain("the-last");
    });
    const dropped = [...text.matchAll(/event: lagged\r?\n?data: \{"type":"lagged","dropped":(\d+)\}/g)].map((match) =>
      Number(match[1]),
    );
    const received = text.match(/event: message\.published/g)?.length ?? 0;
    expect(dropped.length).toBeGreaterThan(0);
    expect(received + dropped.reduce((sum, count) => sum + count, 0)).toBe(sent);
    expect(text.lastIndexOf("event: lagged")).toBeLessThan(text.indexOf("the-last"));
    socket.destroy();
  });
});
