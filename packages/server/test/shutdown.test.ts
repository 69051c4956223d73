/**
 * Real: the server as a child process, signals, its folder, sockets, its clients and receivers. Nothing is faked. The
 * next server on the same folder runs inside the test's process.
 */
import { once } from "node:events";
import { connect } from "node:net";
import { describe, expect, it } from "vitest";
import { WebSocketPeer } from "../src/transport/testing/web-socket-peer.ts";
import { startCommand } from "../src/cli/testing/command-process.ts";
import { copies } from "./harness/copies.ts";
import { startHanging } from "./harness/dead-endpoints.ts";
import { temporaryFolder } from "./harness/folder.ts";
import { startHeldReceiver } from "./harness/held-receiver.ts";
import { startReceiver } from "./harness/receiver.ts";
import { Server, startServerInProcess } from "./harness/server.ts";
import type { RunningServer } from "./harness/server.ts";
import { describeRestart } from "./harness/shared-restart.ts";
import { until, untilTrue } from "./harness/until.ts";
import { addHandler, askWechat, listHandlers } from "./harness/wechat.ts";

const stopping = /"msg":"stopping"/;

async function expectOrderlyStop(server: Server): Promise<void> {
  expect(await server.stop()).toMatchObject({ code: 0, stderr: "" });
}

describeRestart(
  "SIGTERM",
  { end: expectOrderlyStop, samePort: true, args: ["--wechat-topic", "weixin"] },
  {
    "lets POSTs under way end, and the next start sends none of them again": async (first, restart) => {
      await using receiver = await startHeldReceiver();
      await first.api.putTopic("held");
      await first.api.subscribe("held", "s", { push: { url: receiver.url } });
      const published = await first.api.publishBatch("held", copies(8, { body: "x" }));
      await untilTrue("all are under way", () => receiver.arrivals.length === 8);
      const restarted = restart();
      await first.logged(stopping);
      receiver.letGo();
      const { api } = await restarted;
      for (const { id } of published) {
        expect(await api.delivery(id, "s")).toMatchObject({
          state: "delivered",
          attempts: [{ attempt: 1, verdict: "accepted" }],
        });
      }
      expect(await api.counts("held", "s")).toMatchObject({ backlog: 0, parked: 0, inFlight: 0 });
      expect(receiver.arrivals).toHaveLength(8);
    },

    "loses no message that was answered 201 while programs publish, and refuses the others with an error": async (
      first,
      restart,
    ) => {
      await using receiver = await startReceiver();
      await first.api.putTopic("busy");
      await first.api.subscribe("busy", "s", { push: { url: receiver.url } });
      const accepted: string[] = [];
      const refusals = new Set<string>();
      const publishers = Array.from({ length: 8 }, async (_, publisher) => {
        for (let count = 0; ; count++) {
          const body = `${publisher}.${count}`;
          const answer = await first.api
            .call<{ code?: string }>("POST", "/v1/topics/busy/messages", { json: { body } })
            .catch(() => null);
          if (answer?.status !== 201) {
            refusals.add(answer === null ? "no connection" : `${answer.status} ${answer.json.code}`);
            return;
          }
          accepted.push(body);
        }
      });
      await untilTrue("they publish", () => accepted.length > 100);
      const restarted = restart();
      await Promise.all(publishers);
      await (await restarted).api.ok("GET", "/readyz");
      await untilTrue("all that was accepted has arrived", () => {
        const texts = new Set(receiver.arrivals.map(({ text }) => text));
        return accepted.every((body) => texts.has(body));
      });
      for (const refusal of refusals) expect(["no connection", "503 shutting_down"]).toContain(refusal);
    },

    "answers receivers that wait for messages with none": async (first, restart) => {
      const path = "/v1/topics/jobs/subscriptions/workers";
      await first.api.putTopic("jobs");
      await first.api.ok("PUT", path, { json: { pull: { visibilityMs: 60_000 } } });
      const pull = (waitMs: number) => first.api.ok("POST", `${path}/pull`, { json: { waitMs } });
      const waiting = pull(60_000);
      // When this pull on another connection is answered, the earlier pull has begun to wait.
      await pull(0);
      const restarted = restart();
      expect(await waiting).toEqual({ messages: [] });
      await restarted;
    },

    "answers clients that wait at an inbox with nothing": async (first, restart) => {
      for (const name of ["waited-for", "probe"]) await first.api.ok("PUT", `/v1/inboxes/${name}`);
      // The server begins the requests of one connection in order. When the last one is done, the others are waiting.
      const get = "GET /in/waited-for?waitMs=60000 HTTP/1.1\r\nHost: localhost\r\n\r\n";
      const last = "POST /in/probe HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\n1";
      const socket = connect(first.port, "127.0.0.1").on("error", () => undefined);
      await once(socket, "connect");
      socket.write(get.repeat(5) + last);
      await until(
        "all requests have begun",
        () => first.api.ok<{ waiting: number }>("GET", "/v1/inboxes/probe"),
        ({ waiting }) => waiting === 1,
      );
      let answers = "";
      socket.setEncoding("latin1").on("data", (text: string) => (answers += text));
      await Promise.all([restart(), once(socket, "close")]);
      expect(answers.match(/HTTP\/1\.1 \d+/g)).toEqual(Array.from({ length: 6 }, () => "HTTP/1.1 200"));
      expect(answers.match(/content-length: 0/g)).toHaveLength(5);
    },

    "lets a hook call under way end, and the next start has the hook": async (first, restart) => {
      const { promise: mayAnswer, resolve: answer } = Promise.withResolvers<void>();
      const { promise: called, resolve: arrived } = Promise.withResolvers<void>();
      await using program = await startReceiver((_arrival, response) => {
        arrived();
        void mayAnswer.then(() => response.writeHead(403, { "content-type": "text/plain" }).end("not today"));
      });
      await first.api.ok("PUT", "/v1/hooks/h", { json: { urls: [program.url], timeoutMs: 60_000 } });
      // oxlint-disable-next-line unicorn/consistent-function-scoping -- read beside the tests that use it
      const call = ({ api }: RunningServer) => api.ok("POST", "/v1/hooks/h/call", { json: {} });
      const outcome = call(first);
      await called;
      const restarted = restart();
      await first.logged(stopping);
      answer();
      expect(await outcome).toMatchObject({ action: "reject", reason: "not today" });
      expect(await call(await restarted)).toMatchObject({ action: "reject", reason: "not today" });
    },

    "keeps WeChat's handlers and secret, and the topic that the setting names": async (first, restart) => {
      // oxlint-disable-next-line unicorn/consistent-function-scoping -- read beside the tests that use it
      const message = (number: number) => JSON.stringify({ pushType: 1, pushTime: 1, data: { number }, robot: {} });
      await using http = await startReceiver();
      await using webSocket = await WebSocketPeer.start();
      const secretKey = "芝麻开门";
      const arrived = () => http.arrivals.length + webSocket.messages.length;
      const cookie = await addHandler(first, { protocol: 2, url: http.url });
      await addHandler(first, { protocol: 3, url: webSocket.origin });
      expect((await askWechat(first, { type: 1006, newSecretKey: secretKey })).error_code).toBe(10000);
      expect((await askWechat(first, { type: 1003 })).error_code).toBe(10002);
      await first.api.publish("weixin", { body: message(1) });
      await untilTrue("the first message has arrived", () => arrived() === 2);

      const second = await restart();
      expect(await askWechat(second, { type: 1003 })).toMatchObject({
        error_code: 10002,
        description: "secretKey: missing or wrong",
      });
      expect(await listHandlers(second, secretKey)).toHaveLength(2);
      await second.api.publish("weixin", { body: message(2) });
      await untilTrue("the second message has arrived", () => arrived() === 4);
      expect(http.arrivals.map(({ text }) => text)).toEqual([message(1), message(2)]);
      expect(webSocket.texts).toEqual([message(1), message(2)]);
      expect((await askWechat(second, { type: 1002, cookie, secretKey })).data.status).toBe(0);
      expect((await askWechat(second, { type: 1006, newSecretKey: "", secretKey })).error_code).toBe(10000);
      expect(await listHandlers(second)).toHaveLength(1);
    },

    "ends the stream of `ringback tail`, which goes on by itself after the next start": async (first, restart) => {
      await using receiver = await startReceiver();
      await first.api.putTopic("tailed");
      await first.api.subscribe("tailed", "s", { push: { url: receiver.url } });
      const tail = startCommand(["tail", "--json", "--topic", "tailed", "--url", first.url]);
      const shown = (type: string, id: string) => tail.stdoutMatch(new RegExp(`\\{"type":"${type}".*"${id}".*\\}`));
      /**
       * Publishes until `tail` shows an event, and returns the id that it has shown. Events are not stored, so `tail`
       * misses those from before it connected.
       */
      const publishUntilShown = ({ api }: RunningServer) =>
        until(
          "tail has shown a publish",
          async () => {
            const { id } = await api.publish("tailed", { body: "x" });
            const seen = shown("message.published", id).then(() => id);
            seen.catch(() => undefined);
            return Promise.race([seen, new Promise<string>((resolve) => setTimeout(resolve, 100, ""))]);
          },
          (id) => id !== "",
        );
      try {
        const before = await publishUntilShown(first);
        const [attempted] = await shown("delivery.attempted", before);
        expect(JSON.parse(attempted)).toMatchObject({
          topic: "tailed",
          subscription: "s",
          messageId: before,
          attempt: 1,
          verdict: "accepted",
          status: 200,
        });
        const second = await restart();
        await tail.stderrMatch(/the stream ended/);
        await shown("delivery.attempted", await publishUntilShown(second));
      } finally {
        tail.signal("SIGTERM");
        expect((await tail.ended).code).toBe(0);
      }
    },
  },
);

const graceMs = 300;

describeRestart(
  "SIGTERM, when the grace is over,",
  { end: expectOrderlyStop, args: ["--shutdown-grace-ms", String(graceMs)] },
  {
    "interrupts POSTs that last too long; they are sent again after the next start, as the same attempt": async (
      first,
      restart,
    ) => {
      let silent = true;
      await using receiver = await startReceiver(() => (silent ? undefined : 200));
      await first.api.putTopic("t");
      await first.api.subscribe("t", "s", { push: { url: receiver.url, timeoutMs: 60_000 } });
      const { id } = await first.api.publish("t", { body: "x" });
      await untilTrue("it is under way", () => receiver.arrivals.length === 1);
      const restarted = restart();
      const { stdout } = await first.ended;
      const loggedAtMs = (msg: string) =>
        Date.parse(new RegExp(`"time":"([^"]+)".*"msg":"${msg}"`).exec(stdout)?.[1] ?? "");
      // Timers may fire a millisecond early, and both times are rounded.
      expect(loggedAtMs("stopped") - loggedAtMs("stopping")).toBeGreaterThanOrEqual(graceMs - 5);

      silent = false;
      const second = await restarted;
      const delivered = await until(
        "it is delivered",
        () => second.api.delivery(id, "s"),
        ({ state }) => state === "delivered",
      );
      // The server itself interrupted the attempt, so the attempt does not count as a failure of the receiver.
      expect(delivered.attempts).toMatchObject([{ attempt: 1, verdict: "accepted" }]);
      expect(receiver.arrivals.map(({ messageId }) => messageId)).toEqual([id, id]);
    },

    "is not prevented by clients that listen to events, upload slowly or keep their connection": async (
      first,
      restart,
    ) => {
      await first.api.putTopic("slow");
      const events = await fetch(`${first.url}/v1/events`);
      const upload = connect(first.port, "127.0.0.1").on("error", () => undefined);
      await once(upload, "connect");
      upload.write(
        "POST /v1/topics/slow/messages HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\nContent-Length: 9\r\n\r\nslow",
      );
      const idle = connect(first.port, "127.0.0.1").on("error", () => undefined);
      await once(idle, "connect");
      // The answer to a later request shows that the server has read the bytes of the slow upload as well.
      await first.api.ok("GET", "/healthz");
      await restart();
      upload.destroy();
      idle.destroy();
      await events.body?.cancel().catch(() => undefined);
    },

    "interrupts a hook call that lasts too long": async (first, restart) => {
      await using program = await startHanging();
      await first.api.ok("PUT", "/v1/hooks/h", { json: { urls: [program.url], timeoutMs: 60_000 } });
      const outcome = first.api
        .ok<{ error: string }>("POST", "/v1/hooks/h/call", { json: {} })
        .catch((error: unknown) => error);
      await untilTrue("it is called", () => program.connections() === 1);
      await restart();
      const ended = await outcome;
      expect(ended instanceof Error || (ended as { error: string }).error === "aborted").toBe(true);
    },
  },
);

describe("SIGTERM given twice", () => {
  it("ends the process at once, and the next start is an ordinary one", async () => {
    await using folder = await temporaryFolder();
    await using endpoint = await startHanging();
    await using server = await Server.start({ folder: folder.path, args: ["--shutdown-grace-ms", "10m"] });
    await server.api.putTopic("t");
    await server.api.subscribe("t", "s", { push: { url: endpoint.url, timeoutMs: 60_000 } });
    await server.api.publish("t", { body: "x" });
    await untilTrue("it is under way", () => endpoint.connections() === 1);
    server.signal("SIGTERM");
    await server.logged(stopping);
    // On Ctrl-C under npm, the terminal and npm each send a signal. The server therefore ignores a second signal right
    // after the first. The test repeats the signal until the process ends.
    const { code } = await until(
      "it has ended",
      async () => {
        server.signal("SIGTERM");
        return Promise.race([server.ended, new Promise<null>((resolve) => setTimeout(resolve, 50, null))]);
      },
      (ended) => ended !== null,
    ).then((ended) => ended ?? { code: null });
    expect(code).toBe(1);
    await using second = await startServerInProcess({ folder: folder.path });
    expect(await second.api.counts("t", "s")).toMatchObject({ backlog: 0, inFlight: 1 });
  });
});
