/**
 * Real: the server, its database, `ringback listen` as a child process where a test ends or stops it, sockets, signals.
 * Faked: the local program, by the tests.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { Webhook } from "standardwebhooks";
import { describe, expect, it } from "vitest";
import { startCommandInProcess } from "../src/cli/testing/command-in-process.ts";
import { startCommand } from "../src/cli/testing/command-process.ts";
import type { Api } from "./harness/api.ts";
import { temporaryFolder } from "./harness/folder.ts";
import { freePort } from "./harness/free-port.ts";
import { isInstalled } from "./harness/program.ts";
import { startReceiver } from "./harness/receiver.ts";
import { useServer } from "./harness/running-server.ts";
import { Server, startServerInProcess } from "./harness/server.ts";
import { until, untilTrue } from "./harness/until.ts";

const server = useServer();
const ringback = fileURLToPath(new URL("../bin/ringback.js", import.meta.url));

interface Line {
  readonly type: string;
  readonly state?: string;
  readonly status?: number | null;
  readonly attempt?: number;
  readonly error?: string | null;
  readonly secret?: string | null;
  readonly subscription?: string;
  readonly text?: string;
}

const linesOf = (text: string): readonly Line[] =>
  text
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Line);

function args(url: string, topic: string, forward: string, ...more: readonly string[]): string[] {
  return ["listen", "--url", url, "--topic", topic, "--forward", forward, "--json", ...more];
}

const env = { XDG_CONFIG_HOME: "/nonexistent" };

async function subscriptions(api: Api, topic: string) {
  const { items } = await api.ok<{ items: { name: string; labels: Record<string, string> }[] }>(
    "GET",
    `/v1/topics/${topic}/subscriptions`,
  );
  return items;
}

describe("ringback listen", () => {
  it("sends signed messages to a local program, sends again what failed, and deletes its subscription", async () => {
    const { api, url } = server();
    await api.putTopic("signed");
    await using folder = await temporaryFolder();
    await using receiver = await startReceiver((_arrival, _response, index) => (index === 0 ? 500 : 200));
    const listen = startCommandInProcess(args(url, "signed", `${receiver.url}/hook`, "--retry", "10ms,1s"), {
      env: { XDG_CONFIG_HOME: folder.path },
    });
    const [, first = ""] = await listen.stdoutMatch(/^(.*"listening".*)\n/);
    const { secret } = JSON.parse(first) as Line;
    const { id } = await api.publish("signed", { body: { amount: 5 }, type: "invoice.paid" });
    await listen.stdoutMatch(/"state":"accepted"/);
    listen.signal("SIGINT");
    const { code, stdout } = await listen.ended;
    expect(code).toBe(0);
    expect(linesOf(stdout).slice(1)).toMatchObject([
      { state: "waiting", status: 500, attempt: 1, error: "the program replied 500" },
      { state: "accepted", status: 200, attempt: 2, error: null },
    ]);
    const arrivals = receiver.at("/hook");
    for (const { headers, text } of arrivals) {
      expect(new Webhook(secret ?? "").verify(text, headers as Record<string, string>)).toEqual({ amount: 5 });
      expect(headers["webhook-id"]).toBe(id);
    }
    expect([arrivals.length, await subscriptions(api, "signed")]).toEqual([2, []]);
  });

  it("waits for a local program that is down, and loses nothing", async () => {
    const { api, url } = server();
    await api.putTopic("down");
    const port = await freePort();
    const to = `http://127.0.0.1:${port}/`;
    const listen = startCommandInProcess(args(url, "down", to, "--protocol", "raw", "--retry", "100ms"), { env });
    await listen.stdoutMatch(/"listening"/);
    await api.publishBatch("down", [{ body: "1" }, { body: "2" }]);
    await listen.stdoutMatch(/no program listens at/);
    await using receiver = await startReceiver(undefined, port);
    await untilTrue("both have arrived", () => new Set(receiver.arrivals.map(({ text }) => text)).size === 2);
    listen.signal("SIGINT");
    expect(receiver.arrivals.map(({ text }) => text).toSorted()).toEqual(["1", "2"]);
    expect((await listen.ended).code).toBe(0);
  });

  it("sends again what was answered with 101, as after any other failure", async () => {
    const { api, url } = server();
    await api.putTopic("upgraded");
    const switching = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n";
    await using receiver = await startReceiver((_arrival, response, index) => {
      if (index > 0) return 200;
      response.socket?.write(switching);
      return undefined;
    });
    const line = args(url, "upgraded", receiver.url, "--protocol", "raw", "--retry", "10ms");
    const listen = startCommandInProcess(line, { env });
    await listen.stdoutMatch(/"listening"/);
    await api.publish("upgraded", { body: "x" });
    await listen.stdoutMatch(/"state":"waiting".*the program replied 101/);
    await listen.stdoutMatch(/"state":"accepted"/);
    listen.signal("SIGINT");
    expect((await listen.ended).code).toBe(0);
  });

  it("acknowledges what its protocol cannot carry, and says why", async () => {
    const { api, url } = server();
    await api.putTopic("bytes");
    const listen = startCommandInProcess(args(url, "bytes", "http://127.0.0.1:9/", "--protocol", "mns-xml"), { env });
    await listen.stdoutMatch(/"listening"/);
    await api.publish("bytes", { body: "x", tags: ["a", "b"] });
    await listen.stdoutMatch(/"state":"skipped".*"error":"tags: MNS can carry only one/);
    listen.signal("SIGINT");
    await listen.ended;
  });

  it.each([
    [["--forward", "ftp://a/"], "Give an address such as http://localhost:3000/hook."],
    [["--forward", "http://a/", "--protocol", "smtp"], 'there is no protocol "smtp"; the protocols are raw,'],
    [["--forward", "http://a/", "--header", "Host: x"], 'Give "name: value".'],
    [["--forward", "http://a/", "--header", "webhook-id: x"], "only the protocol may set webhook-id"],
    [["--forward", "http://a/", "--secret", "whsec_x"], "give a key of the form"],
    [["--forward", "http://a/", "--retry", "1s,13h"], "--retry: give delays of at most 12h"],
  ])("refuses %j with one line", async (options, sentence) => {
    const command = startCommandInProcess(["listen", "--topic", "t", "--url", server().url, ...options], { env });
    const { code, stderr } = await command.ended;
    expect([code, stderr.trimEnd().split("\n").length]).toEqual([2, 1]);
    expect(stderr).toContain(sentence);
  });

  it("says which topic does not exist, and leaves nothing", async () => {
    const listen = startCommandInProcess(args(server().url, "none", "http://127.0.0.1:9/"), { env });
    const { code, stderr } = await listen.ended;
    expect([code, stderr]).toEqual([4, expect.stringContaining('topic_not_found (404): There is no topic "none"')]);
  });
});

describe("ringback listen, interrupted,", () => {
  it("goes on after a kill where it had stopped, with the message that was not acknowledged", async () => {
    const { api, url } = server();
    await api.putTopic("killed");
    await using receiver = await startReceiver((arrival) => (arrival.text === "hangs" ? undefined : 200));
    const line = args(url, "killed", receiver.url, "--protocol", "raw", "--timeout", "1s");
    const first = startCommand(line);
    await first.stdoutMatch(/"listening"/);
    const { id } = await api.publish("killed", { body: "hangs" });
    await untilTrue("the first has arrived", () => receiver.arrivals.length > 0);
    first.signal("SIGKILL");
    await first.ended;
    await api.publish("killed", { body: "after" });
    const [left] = await subscriptions(api, "killed");
    // The message is invisible until its lease ends. The server ends the lease without the wait.
    await api.ok("POST", `/v1/messages/${id}/deliveries/${left?.name}/retry`);
    const second = startCommand(line);
    await second.stdoutMatch(/interrupted/);
    await second.stdoutMatch(/"state":"accepted"/);
    expect((await subscriptions(api, "killed")).map(({ name }) => name)).toEqual([left?.name]);
    await untilTrue(
      "the first arrives again",
      () => receiver.arrivals.filter(({ text }) => text === "hangs").length > 1,
    );
    second.signal("SIGTERM");
    expect((await second.ended).code).toBe(0);
    expect(await subscriptions(api, "killed")).toEqual([]);
  });

  it("deletes what others have left when its time is over, and nothing that is in use", async () => {
    const { api, url } = server();
    await api.putTopic("left");
    const put = (name: string, untilMs: number) =>
      api.subscribe("left", name, {
        pull: {},
        labels: {
          "ringback/listen": "yes",
          "ringback/listen-by": "another-machine/1",
          "ringback/listen-until": new Date(untilMs).toISOString(),
        },
      });
    await put("over", Date.now() - 1000);
    await put("used", Date.now() + 3600_000);
    await api.subscribe("left", "mine", { pull: {} });
    const listen = startCommandInProcess(args(url, "left", "http://127.0.0.1:9/"), { env });
    const [, line = ""] = await listen.stdoutMatch(/^(.*"listening".*)\n/);
    const own = (JSON.parse(line) as Line).subscription ?? "";
    expect((await subscriptions(api, "left")).map(({ name }) => name)).toEqual([own, "mine", "used"].toSorted());
    listen.signal("SIGINT");
    await listen.ended;
  });

  it("survives its own suspend: a lease that was lost brings the message again", async () => {
    const { api, url } = server();
    await api.putTopic("stopped");
    const held: (() => void)[] = [];
    await using receiver = await startReceiver((_arrival, response, index) => {
      if (index > 0) return 200;
      held.push(() => response.writeHead(200).end());
      return undefined;
    });
    const listen = startCommand(args(url, "stopped", receiver.url, "--protocol", "raw", "--timeout", "30s"));
    const [, line = ""] = await listen.stdoutMatch(/^(.*"listening".*)\n/);
    const { subscription = "" } = JSON.parse(line) as Line;
    const { id } = await api.publish("stopped", { body: "x" });
    await untilTrue("the message has arrived", () => held.length === 1);
    listen.signal("SIGSTOP");
    // The lease ends before the process goes on, as after a night. The server does this without the wait.
    await api.ok("POST", `/v1/messages/${id}/deliveries/${subscription}/retry`);
    const other = await api.ok<{ messages: { receiptHandle: string }[] }>(
      "POST",
      `/v1/topics/stopped/subscriptions/${subscription}/pull`,
      { json: { visibilityMs: 1000 } },
    );
    expect(other.messages).toHaveLength(1);
    for (const answer of held) answer();
    listen.signal("SIGCONT");
    await listen.stdoutMatch(/"state":"lost"/);
    await listen.stdoutMatch(/"attempt":3,"state":"accepted"/);
    listen.signal("SIGINT");
    expect((await listen.ended).code).toBe(0);
  });

  it("survives the deletion of its subscription, and the restart of the server", async () => {
    await using folder = await temporaryFolder();
    await using receiver = await startReceiver();
    const first = await Server.start({ folder: folder.path });
    await first.api.putTopic("t");
    const listen = startCommandInProcess(args(first.url, "t", receiver.url, "--protocol", "raw"), { env });
    const [, line = ""] = await listen.stdoutMatch(/^(.*"listening".*)\n/);
    await first.api.ok("DELETE", `/v1/topics/t/subscriptions/${(JSON.parse(line) as Line).subscription}`);
    await first.api.publish("t", { body: "after the deletion" });
    await listen.stdoutMatch(/created again/);
    // Until the server has the outcome, the command repeats it without a word, and for as long as the lease lasts.
    await listen.stdoutMatch(/"state":"accepted"/);
    expect(receiver.arrivals).not.toHaveLength(0);
    await first.kill();
    await listen.stdoutMatch(/cannot reach/);
    await using second = await startServerInProcess({ folder: folder.path, port: first.port });
    await second.api.publish("t", { body: "after the restart" });
    await untilTrue("it has arrived", () => receiver.arrivals.some(({ text }) => text === "after the restart"));
    listen.signal("SIGINT");
    const { code, stdout } = await listen.ended;
    expect([code, linesOf(stdout).some(({ text }) => text === "the server answers again")]).toEqual([0, true]);
    expect(await subscriptions(second.api, "t")).toEqual([]);
  });
});

describe("ringback listen on a terminal", () => {
  it("shows deliveries, inspects one, sends it again, is suspended and goes on, and ends", async ({ skip }) => {
    if (!(await isInstalled("script"))) skip("there is no program that makes a pseudo-terminal");
    const { api, url } = server();
    await api.putTopic("seen");
    await using receiver = await startReceiver();
    const listen = `${process.execPath} ${ringback} listen --url ${url} --topic seen --forward ${receiver.url}/hook --protocol raw`;
    // The shell has job control (`-m`), so `fg` continues the suspended command.
    const command = `stty rows 24 cols 100; sh -mc '${listen}; echo was suspended; fg'`;
    const terminal = spawn("script", ["-qec", command, "/dev/null"], {
      env: { PATH: process.env["PATH"], TERM: "xterm" },
    });
    let output = "";
    terminal.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
    const shows = (text: string) => untilTrue(`the terminal shows ${text}`, () => output.includes(text));
    await shows("Waiting for messages.");
    await until(
      "the subscription exists",
      () => subscriptions(api, "seen"),
      ({ length }) => length === 1,
    );
    await api.publish("seen", { body: { amount: 5, evil: "\u009b31m\u202e\u001b[2J" }, type: "invoice.paid" });
    await shows("accepted");
    terminal.stdin.write("r");
    await untilTrue("the program has the message twice", () => receiver.arrivals.length === 2);
    await shows("sent once more");
    terminal.stdin.write("\r");
    await shows("ringback-message-id: ");
    await shows('"amount": 5');
    await shows(String.raw`\u009b31m\u202e\u001b[2J`);
    output = "";
    terminal.stdin.write("\u001a");
    await shows("was suspended");
    expect(output.indexOf("\u001b[?1049l")).toBeLessThan(output.indexOf("was suspended"));
    await shows('"amount": 5');
    const ended = once(terminal, "close");
    terminal.stdin.write("q");
    await ended;
    expect(output.split("\u001b[?1049l")).toHaveLength(3);
    expect(await subscriptions(api, "seen")).toEqual([]);
  });
});
