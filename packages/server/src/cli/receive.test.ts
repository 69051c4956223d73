/**
 * Real: the command, its sockets, the dialects with their encoders. Faked: the process of the command, the sender. The
 * tests send the requests that the encoders produce. `test/retry.test.ts` runs the command as a child process.
 */
import { request } from "node:http";
import { afterEach, describe, expect, it } from "vitest";
import { cmqJson, cmqSimplified, raw, standardWebhooks, standardWebhooksKey } from "@ringback/sdk/protocols";
import type { OutgoingDelivery, ProtocolKey, PushProtocol } from "@ringback/sdk/protocols";
import { startCommandInProcess } from "./testing/command-in-process.ts";
import type { CommandInProcess } from "./testing/command-in-process.ts";

const delivery: OutgoingDelivery = {
  topicOwner: 1,
  topic: "MyTopic",
  subscription: "mysubscription",
  messageId: "1099511627777",
  requestId: "77",
  attempt: 1,
  publishedAtMs: 1_700_000_000_000,
  sentAtMs: 1_700_000_000_500,
  body: new TextEncoder().encode("test message"),
  contentType: "text/plain; charset=utf-8",
  tags: ["a", "b"],
  type: null,
  orderingKey: null,
  attributes: {},
};

let running: CommandInProcess | null = null;

afterEach(async () => {
  running?.signal("SIGTERM");
  await running?.ended;
  running = null;
});

async function receive(...args: string[]): Promise<{ url: string; command: CommandInProcess }> {
  const command = startCommandInProcess(["receive", "--listen", "127.0.0.1:0", ...args]);
  running = command;
  const listening = /(http:\/\/127\.0\.0\.1:\d+)/;
  const json = args.includes("--json");
  const [, url = ""] = await (json ? command.stdoutMatch(listening) : command.stderrMatch(listening));
  return { url: `${url}/cgi`, command };
}

async function push(
  url: string,
  protocol: PushProtocol,
  changes: Partial<OutgoingDelivery> = {},
  keys: readonly ProtocolKey[] = [],
): Promise<Response> {
  const { headers, body } = await protocol.encode({ ...delivery, ...changes }, keys);
  const pairs = headers.flatMap((name, at): [string, string][] =>
    at % 2 === 0 ? [[name, headers[at + 1] ?? ""]] : [],
  );
  return fetch(url, { method: "POST", headers: pairs, body });
}

/** Sends an empty POST with headers that fetch does not let a program choose. */
async function posted(url: string, headers: Readonly<Record<string, string>>) {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; text: string }>();
  const sent = request(url, { method: "POST", headers, agent: false }, (response) => {
    let text = "";
    response.setEncoding("utf8").on("data", (piece: string) => (text += piece));
    response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
  });
  sent.on("error", reject).end();
  return promise;
}

/** Returns the JSON lines about requests when there are `count` of them. */
async function requests(command: CommandInProcess, count: number): Promise<unknown[]> {
  const { input } = await command.stdoutMatch(new RegExp(`(?:"type":"request".*\n[^]*?){${count}}`));
  const lines = input.split("\n").filter((line) => line.includes('"type":"request"'));
  return lines.map((line): unknown => JSON.parse(line));
}

describe("ringback receive", () => {
  it("shows a push: dialect, topic, subscription, id, tags and body", async () => {
    const { url, command } = await receive();
    const answer = await push(url, cmqJson);
    expect([answer.status, await answer.text()]).toEqual([200, "ok"]);
    await command.stdoutMatch(/#1 \d\d:\d\d:\d\d POST \/cgi cmq-json → 200\n/);
    await command.stdoutMatch(
      /topic MyTopic · subscription mysubscription · id 1099511627777 · tags a, b\n {2}test message\n/,
    );
  });

  it("recognises every dialect by itself and writes JSON lines", async () => {
    const { url, command } = await receive("--json");
    for (const protocol of [cmqJson, cmqSimplified, raw]) await push(url, protocol);
    const seen = await requests(command, 3);
    expect(seen).toMatchObject([
      { protocol: "cmq-json", status: 200, message: { topic: "MyTopic", body: "test message", tags: ["a", "b"] } },
      { protocol: "cmq-simplified", status: 200, message: { messageId: "1099511627777", body: "test message" } },
      { protocol: "raw", status: 204, message: { attempt: 1, subscription: "mysubscription", body: "test message" } },
    ]);
  });

  it("verifies signatures with the given secret, and shows when it cannot", async () => {
    const secret = `whsec_${Buffer.alloc(32, 1).toString("base64")}`;
    const key = standardWebhooksKey("mine", secret);
    const other = standardWebhooksKey("other", `whsec_${Buffer.alloc(32, 2).toString("base64")}`);
    const { url, command } = await receive("--json", "--secret", secret);
    await push(url, standardWebhooks, { sentAtMs: Date.now() }, [key]);
    await push(url, standardWebhooks, { sentAtMs: Date.now() }, [other]);
    expect(await requests(command, 2)).toMatchObject([
      { protocol: "standard-webhooks", message: { messageId: "1099511627777", body: "test message" } },
      { protocol: "standard-webhooks", message: null, untrusted: "wrong_signature", body: "test message" },
    ]);
  });

  it("does not repeat a secret that it cannot use", async () => {
    const command = startCommandInProcess(["receive", "--secret", "whsec_hunter2!"]);
    const { code, stderr } = await command.ended;
    expect(code).toBe(2);
    expect(stderr).toContain("whsec_…");
    expect(stderr).not.toContain("hunter2");
  });

  it("shows method, path, headers and body of anything else", async () => {
    const { url, command } = await receive("--json");
    await fetch(`${url}?x=1`, { method: "PUT", headers: { "x-mine": "yes" }, body: new Uint8Array([0xff, 0]) });
    const [seen] = await requests(command, 1);
    expect(seen).toMatchObject({ method: "PUT", path: "/cgi?x=1", protocol: null, message: null, bodyBase64: "/wA=" });
    expect(seen).toHaveProperty("headers.x-mine", "yes");
  });

  it("fails the first requests of each message id, and then accepts the message", async () => {
    const { url } = await receive("--fail-first", "2");
    const statuses: number[] = [];
    for (const messageId of ["1", "1", "2", "1", "2", "2", "1"]) {
      statuses.push((await push(url, cmqJson, { messageId })).status);
    }
    expect(statuses).toEqual([500, 500, 500, 200, 500, 200, 200]);
  });

  it("replies with the given status", async () => {
    const { url } = await receive("--status", "503");
    expect((await push(url, cmqJson)).status).toBe(503);
  });

  it("waits before it replies", async () => {
    const { url } = await receive("--delay", "150ms");
    const startedAt = performance.now();
    await push(url, cmqJson);
    // A timer may fire a millisecond early.
    expect(performance.now() - startedAt).toBeGreaterThan(148);
  });

  it("does not reply with --never-answer, and still ends when it is stopped", async () => {
    const { url, command } = await receive("--never-answer");
    const answer = push(url, cmqJson).then(
      () => "answered",
      () => "cut off",
    );
    await command.stdoutMatch(/→ no answer \(never answered\)/);
    command.signal("SIGTERM");
    expect(await answer).toBe("cut off");
    expect((await command.ended).code).toBe(0);
  });

  it("refuses a body over its limit with 413 and keeps running", async () => {
    const { url, command } = await receive();
    const status = await fetch(url, { method: "POST", body: new Uint8Array(9 * 1024 * 1024) }).then(
      (answer) => answer.status,
      // The connection may be closed before the whole body was sent.
      () => 413,
    );
    expect(status).toBe(413);
    await command.stdoutMatch(/→ 413 \(the body has more than 8388608 bytes\)/);
    expect((await push(url, cmqJson)).status).toBe(200);
  });

  it("does not let a message move the terminal's cursor", async () => {
    const { url, command } = await receive();
    await push(url, cmqJson, { body: new TextEncoder().encode("a\u001b[2Jb\nc") });
    const { input } = await command.stdoutMatch(/ {2}c\n/);
    expect(input).toContain("  a\\u001b[2Jb\n  c\n");
  });

  it("shows only the count with --quiet", async () => {
    const { url, command } = await receive("--quiet", "--fail-first", "1");
    for (const _ of [1, 2, 3]) await push(url, cmqJson);
    command.signal("SIGINT");
    expect(await command.ended).toMatchObject({
      code: 0,
      stdout: "",
      stderr: expect.stringContaining("500: 1, 200: 2"),
    });
  });

  it.each([
    [{ host: "rebound.attacker.example" }, 421, "allowedHosts (--allowed-hosts)"],
    [{ origin: "http://evil.example" }, 403, "allowedOrigins (--allowed-origins)"],
    [{ "sec-fetch-site": "cross-site" }, 403, "allowedOrigins (--allowed-origins)"],
  ])("refuses and shows a request of a web page with %j", async (headers, status, setting) => {
    const { url, command } = await receive("--json");
    const answer = await posted(url, headers);
    expect(answer).toEqual({ status, text: expect.stringContaining(setting) });
    expect(await requests(command, 1)).toMatchObject([{ status, note: expect.stringContaining(setting) }]);
  });

  it("receives from allowed hosts and pages", async () => {
    const { url } = await receive("--allowed-hosts", "*.tunnel.example", "--allowed-origins", "http://page.example");
    expect(await posted(url, { host: "abc.tunnel.example" })).toEqual({ status: 200, text: "ok" });
    expect(await posted(url, { origin: "http://page.example" })).toEqual({ status: 200, text: "ok" });
  });

  it("fails with one line when its address is in use", async () => {
    const { url } = await receive();
    const second = startCommandInProcess(["receive", "--listen", new URL(url).host]);
    const { code, stderr } = await second.ended;
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^ringback: cannot listen on 127\.0\.0\.1:\d+: another program listens there already; .*\n$/,
    );
  });
});
