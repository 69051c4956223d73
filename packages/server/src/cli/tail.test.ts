/**
 * Real: the command, its HTTP client. Faked: the server, the process of the command. The server sends events and cuts
 * connections as a test says. `test/events.test.ts` runs the command as a child process.
 */
import { describe, expect, it } from "vitest";
import { runCommandInProcess, startCommandInProcess } from "./testing/command-in-process.ts";
import { startFakeServer } from "./testing/fake-server.ts";

const attempted = {
  type: "delivery.attempted",
  at: "2026-01-31T08:15:30.250Z",
  topic: "MyTopic",
  subscription: "mysubscription",
  messageId: "1099511627777",
  attempt: 1,
  verdict: "accepted",
  status: 200,
  errorCode: null,
  durationMs: 3.4159,
  nextAttemptAt: null,
};

const eventText = (event: typeof attempted) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;

describe("ringback tail", () => {
  it("shows events as they happen, and requests the given types and topic", async () => {
    const urls: string[] = [];
    await using server = await startFakeServer((request, response) => {
      urls.push(request.url ?? "");
      response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8" });
      response.write(`retry: 2000\n\n: still here\n\n${eventText(attempted)}`);
    });
    const tail = startCommandInProcess([
      "tail",
      "--topic",
      "MyTopic",
      "--type",
      "delivery.attempted",
      "--url",
      server.url,
    ]);
    await tail.stdoutMatch(
      /^\d\d:\d\d:\d\d delivery\.attempted MyTopic\/mysubscription messageId=1099511627777 attempt=1 verdict=accepted status=200 durationMs=3\.4\n$/,
    );
    tail.signal("SIGINT");
    expect((await tail.ended).code).toBe(0);
    expect(urls).toEqual(["/v1/events?topic=MyTopic&type=delivery.attempted"]);
  });

  it("prints one JSON object per line with --json, for the given topics", async () => {
    await using server = await startFakeServer((_, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      for (const topic of ["A", "B", "C"]) response.write(eventText({ ...attempted, topic }));
      response.write('event: lagged\ndata: {"type":"lagged","dropped":7}\n\n');
    });
    const tail = startCommandInProcess(["tail", "--json", "--topic", "A", "--topic", "C", "--url", server.url]);
    const { input } = await tail.stdoutMatch(/"lagged".*\n/);
    tail.signal("SIGTERM");
    await tail.ended;
    const lines = input
      .trimEnd()
      .split("\n")
      .map((line): unknown => JSON.parse(line));
    expect(lines).toMatchObject([{ topic: "A" }, { topic: "C" }, { type: "lagged", dropped: 7 }]);
  });

  it("shows hook calls, unless topics are given", async () => {
    const called = {
      type: "hook.called",
      at: "2026-01-31T08:15:30.250Z",
      hook: "onMessage",
      action: "reject",
      httpStatus: null,
      error: "unreachable",
      transportError: "connect_refused",
      durationMs: 3,
    };
    await using server = await startFakeServer((_, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(`event: hook.called\ndata: ${JSON.stringify(called)}\n\n`);
      response.write(eventText({ ...attempted, topic: "A" }));
    });
    const tail = startCommandInProcess(["tail", "--url", server.url]);
    await tail.stdoutMatch(
      /^\d\d:\d\d:\d\d hook\.called onMessage action=reject error=unreachable transportError=connect_refused durationMs=3\n/,
    );
    const ofTopics = startCommandInProcess(["tail", "--topic", "A", "--topic", "B", "--url", server.url]);
    await ofTopics.stdoutMatch(/^\S+ delivery\.attempted A\/mysubscription .*\n/);
    for (const command of [tail, ofTopics]) {
      command.signal("SIGINT");
      await command.ended;
    }
  });

  it("connects again when the stream ends or the server is starting", async () => {
    let connections = 0;
    const lastIds: unknown[] = [];
    await using server = await startFakeServer((request, response) => {
      connections += 1;
      lastIds.push(request.headers["last-event-id"]);
      if (connections === 2) {
        response.writeHead(503).end(JSON.stringify({ code: "shutting_down", detail: "stopping" }));
        return;
      }
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(`id: 7\n\n${eventText({ ...attempted, messageId: String(connections) })}`);
      if (connections === 1) response.end("id: 8\n");
    });
    const tail = startCommandInProcess(["tail", "--url", server.url]);
    await tail.stdoutMatch(/messageId=1 [^]*messageId=3 /);
    // The event with the id 8 was cut off.
    expect(lastIds).toEqual([undefined, "7", "7"]);
    tail.signal("SIGINT");
    const { stderr } = await tail.ended;
    expect(stderr).toMatch(
      /the stream ended \(.*: the server closed the stream of events\); trying again in 0\.[12] s\n/,
    );
    expect(stderr).toContain("the stream ended (shutting_down (503): stopping); trying again in ");
  });

  it("goes on from now when the server does not know the last event any more", async () => {
    const lastIds: unknown[] = [];
    await using server = await startFakeServer((request, response) => {
      lastIds.push(request.headers["last-event-id"]);
      if (lastIds.length === 2) {
        response.writeHead(400).end(JSON.stringify({ code: "invalid_request", detail: "after: is not the id of …" }));
        return;
      }
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(`id: 7\n\n${eventText({ ...attempted, messageId: String(lastIds.length) })}`);
      if (lastIds.length === 1) response.end();
    });
    const tail = startCommandInProcess(["tail", "--url", server.url]);
    await tail.stdoutMatch(/messageId=1 [^]*messageId=3 /);
    expect(lastIds).toEqual([undefined, "7", undefined]);
    tail.signal("SIGINT");
    const { code, stderr } = await tail.ended;
    expect(code).toBe(0);
    expect(stderr).toContain("the server does not know the last event shown; going on with events from now\n");
  });

  it("fails at once when the first connection is refused", async () => {
    const refused = { code: "invalid_request", detail: "type: must be one of …" };
    await using server = await startFakeServer((_, response) => response.writeHead(400).end(JSON.stringify(refused)));
    const { code, stderr } = await runCommandInProcess(["tail", "--type", "nonsense", "--url", server.url]);
    expect([code, stderr]).toEqual([1, "ringback: invalid_request (400): type: must be one of …\n"]);
  });

  it("fails when the server is not Ringback", async () => {
    await using server = await startFakeServer((_, response) => response.end("hello"));
    const { code, stderr } = await runCommandInProcess(["tail", "--url", server.url]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/not a stream of events; is this a Ringback server\?\n$/);
  });
});
