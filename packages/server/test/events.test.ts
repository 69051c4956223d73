/** Real: the server, its event stream, `ringback tail` as a child process, a receiver. Nothing is faked. */
import { describe, expect, it } from "vitest";
import { startCommand } from "../src/cli/testing/command-process.ts";
import { listen } from "./harness/live-events.ts";
import { startReceiver } from "./harness/receiver.ts";
import { useServer } from "./harness/running-server.ts";
import { until, untilTrue } from "./harness/until.ts";

const server = useServer();

describe("live events", () => {
  it("show a publish, its attempts and its end, as they happen", async () => {
    const { api, url } = server();
    await using receiver = await startReceiver(() => 503);
    await using stream = await listen(url, "?topic=t");
    await using others = await listen(url, "?topic=other");
    await using chosen = await listen(url, "?type=delivery.dead,topic.changed");
    expect(stream).toMatchObject({ status: 200, contentType: "text/event-stream; charset=utf-8" });
    await api.putTopic("t");
    await api.subscribe("t", "s", { push: { url: receiver.url }, retry: { delaysMs: [50] } });
    const { id } = await api.publish("t", { body: "x" });
    await untilTrue("the end is told", () => stream.events.some(({ type }) => type === "delivery.dead"));
    const about = { topic: "t", subscription: "s", at: expect.stringMatching(/^\d{4}-.*Z$/) };
    const failed = { ...about, messageId: id, verdict: "failed", status: 503, errorCode: "http_status" };
    expect(stream.events).toMatchObject([
      { event: "topic.changed", type: "topic.changed", topic: "t" },
      { event: "subscription.changed", ...about },
      { event: "message.published", topic: "t", ids: [id] },
      { event: "delivery.attempted", ...failed, attempt: 1, nextAttemptAt: expect.stringMatching(/Z$/) },
      { event: "delivery.attempted", ...failed, attempt: 2, nextAttemptAt: null },
      { event: "delivery.dead", ...about, messageId: id, reason: "retries_exhausted" },
    ]);
    await untilTrue("the choice has it too", () => chosen.events.length === 2);
    expect(chosen.events.map(({ type }) => type)).toEqual(["topic.changed", "delivery.dead"]);
    expect(others.events).toEqual([]);
  });
});

describe("ringback tail", () => {
  it("shows a line for people too, dead letters included", async () => {
    const { api, url } = server();
    await using receiver = await startReceiver(() => 500);
    await api.putTopic("people");
    await api.subscribe("people", "s", { push: { url: receiver.url }, retry: "none" });
    const tail = startCommand(["tail", "--topic", "people", "--url", url]);
    try {
      const line = tail.stdoutMatch(/delivery\.dead people\/s messageId=\d+ reason=retries_exhausted/);
      line.catch(() => undefined);
      await until(
        "tail has shown a dead letter",
        async () => {
          await api.publish("people", { body: "x" });
          return Promise.race([line, new Promise<null>((resolve) => setTimeout(resolve, 100, null))]);
        },
        (match) => match !== null,
      );
    } finally {
      tail.signal("SIGINT");
      expect((await tail.ended).code).toBe(0);
    }
  });
});
