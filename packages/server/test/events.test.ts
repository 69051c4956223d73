/** Real: the server, its event stream, `ringback tail` as a child process beside it, a receiver. */
import { describe, expect, it } from "vitest";
import { startCommand } from "../src/cli/testing/command-process.ts";
import { temporaryFolder } from "./harness/folder.ts";
import { freePort } from "./harness/free-port.ts";
import { listen } from "./harness/live-events.ts";
import { startReceiver } from "./harness/receiver.ts";
import { useServer } from "./harness/running-server.ts";
import { Server } from "./harness/server.ts";
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
  it("shows what happens, and goes on by itself when the server has been started again", async () => {
    await using folder = await temporaryFolder();
    await using receiver = await startReceiver();
    const port = await freePort();
    await using first = await Server.start({ folder: folder.path, port });
    await first.api.putTopic("t");
    await first.api.subscribe("t", "s", { push: { url: receiver.url } });
    const tail = startCommand(["tail", "--json", "--url", first.url]);
    const told = (type: string, id: string) => tail.stdoutMatch(new RegExp(`\\{"type":"${type}".*"${id}".*\\}`));
    try {
      const before = await publishUntilTold(first);
      const [attempted] = await told("delivery.attempted", before);
      expect(JSON.parse(attempted)).toMatchObject({
        topic: "t",
        subscription: "s",
        messageId: before,
        attempt: 1,
        verdict: "accepted",
        status: 200,
      });
      await first.stop();
      await tail.stderrMatch(/the stream ended/);
      await using second = await Server.start({ folder: folder.path, port });
      await told("delivery.attempted", await publishUntilTold(second));
    } finally {
      tail.signal("SIGTERM");
      expect((await tail.ended).code).toBe(0);
    }

    /** Events are not kept: until tail has connected it sees nothing, so publishes are repeated. Gives an id it has seen. */
    async function publishUntilTold(running: Server): Promise<string> {
      return until(
        "tail has seen a publish",
        async () => {
          const { id } = await running.api.publish("t", { body: "x" });
          const seen = told("message.published", id).then(() => id);
          seen.catch(() => undefined);
          return Promise.race([seen, new Promise<string>((resolve) => setTimeout(resolve, 100, ""))]);
        },
        (id) => id !== "",
      );
    }
  });

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
