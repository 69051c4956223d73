/**
 * Real: the command, its sockets, its messages in memory. Faked: the process of the command, its senders, its clients.
 * One test runs the command as a child process.
 */
import { connect } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { limits } from "../domain/limits.ts";
import { exchange } from "../api/testing/raw-connection.ts";
import { runCommandInProcess, startCommandInProcess } from "./testing/command-in-process.ts";
import type { CommandInProcess } from "./testing/command-in-process.ts";
import { startCommand } from "./testing/command-process.ts";

let running: CommandInProcess | null = null;

afterEach(async () => {
  running?.signal("SIGTERM");
  await running?.ended;
  running = null;
});

async function inbox(...args: string[]): Promise<{ url: string; origin: string; command: CommandInProcess }> {
  return startInbox(startCommandInProcess, args);
}

async function startInbox(start: typeof startCommandInProcess, args: readonly string[]) {
  const command = start(["inbox", "--listen", "127.0.0.1:0", ...args]);
  running = command;
  const listening = /(http:\/\/127\.0\.0\.1:\d+)(\/[^\s":]*)/;
  const [, origin = "", path = ""] = await (args.includes("--json")
    ? command.stdoutMatch(listening)
    : command.stderrMatch(listening));
  return { url: origin + path, origin, command };
}

interface Answer {
  readonly status: number;
  readonly type: string | null;
  readonly text: string;
}

async function call(url: string, init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(url, init);
  return { status: response.status, type: response.headers.get("content-type"), text: await response.text() };
}

const post = (url: string, body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}) =>
  call(url, { method: "POST", body, headers });

/** The push of the documentation. Its id is too large for a JavaScript number, and its text is not ASCII. */
const message =
  '{"pushType":1,"pushTime":1700000000,"data":{"from":"wxid_1","msgSvrID":3604851935629391762,"content":"你好 \\u263a"},"type":1}';
const success = { status: 200, type: "application/json", text: '{"response":"success"}' };
const nothing = { status: 200, text: "" };

describe("ringback inbox", () => {
  it("is the receiver of the documentation: keeps what is POSTed, and delivers it once, byte for byte", async () => {
    const { url, origin } = await startInbox(startCommand, ["--path", "/weixinCallback"]);
    expect(url).toMatch(/\/weixinCallback$/);
    expect(await call(`${origin}/`)).toEqual({ status: 200, type: "application/json", text: '"Hello World"' });
    expect(await call(url)).toMatchObject(nothing);
    expect(await post(url, message, { "content-type": "application/json" })).toEqual(success);
    // A Python program that sends JSON as text sends no content type.
    expect(await post(`${url}?a=b`, new TextEncoder().encode(' [1.0, "2"]\n'))).toEqual(success);
    expect(await call(url)).toEqual({ status: 200, type: "application/json", text: message });
    expect(await call(url)).toEqual({ status: 200, type: "application/json", text: ' [1.0, "2"]\n' });
    expect(await call(url)).toMatchObject(nothing);
  });

  it.each([
    ["", /^An error occurred: The request body is empty/],
    ['{"a":1,}', /^An error occurred: Not valid JSON at line 1, column 8: expected double-quoted property name/],
    ["a=1&b=2", /^An error occurred: Not valid JSON at line 1, column 1: unexpected "a"\.$/],
    [new Uint8Array([0x22, 0xff, 0x22]), /^An error occurred: .*not valid UTF-8/],
    ["[".repeat(500), /^An error occurred: .*the text ends/],
    ["[".repeat(500_000), /^An error occurred: The request body is JSON deeper than 500 levels/],
  ])("answers 500 and what is wrong for a body that it cannot read: %.20j", async (body, fault) => {
    const { url } = await inbox();
    const { status, type, text } = await post(url, body);
    expect([status, type]).toEqual([500, "application/json"]);
    expect(JSON.parse(text)).toEqual({ message: expect.stringMatching(fault) as string });
    expect(await call(url)).toMatchObject(nothing);
  });

  it("keeps only while it is polled, and answers success all the same", async () => {
    const { url, command } = await inbox("--while-polled", "1ms", "--json");
    const listeningAtMs = Date.now();
    await expect.poll(() => Date.now()).toBeGreaterThan(listeningAtMs + 1);
    expect(await post(url, message)).toEqual(success);
    const [line] = await command.stdoutMatch(/\{"type":"message".*\}\n/);
    expect(JSON.parse(line)).toMatchObject({ outcome: "dropped", waiting: 0, body: message });
    expect(await call(url)).toMatchObject(nothing);
  });

  it("keeps in any case when it is durable, up to its number of messages", async () => {
    const { url } = await inbox("--durable", "--messages-max", "2");
    for (const text of ["1", "2"]) expect(await post(url, text)).toEqual(success);
    const full = await fetch(url, { method: "POST", body: "3" });
    expect([full.status, full.headers.get("retry-after")]).toEqual([503, "5"]);
    expect(await full.json()).toEqual({ message: expect.stringMatching(/^An error occurred: as many/) as string });
    expect((await call(url)).text).toBe("1");
    expect(await post(url, "4")).toEqual(success);
    expect([(await call(url)).text, (await call(url)).text]).toEqual(["2", "4"]);
  });

  it("shows every message that arrives, safely for a terminal, and a count at the end", async () => {
    const { url, command } = await inbox();
    await post(url, message);
    await post(url, '{"a":1\u001b');
    await call(url);
    await post(url, "2");
    await command.stdoutMatch(/#1 \d\d:\d\d:\d\d kept 1 waiting\n {2}\{"pushType":1,.*你好 \\u263a.*\n/);
    await command.stdoutMatch(/#2 .* refused: Not valid JSON at line 1, column 7: .* 1 waiting\n {2}\{"a":1\\u001b\n/);
    command.signal("SIGINT");
    expect(await command.ended).toMatchObject({
      code: 0,
      stderr: expect.stringContaining(
        "Kept 2, taken 1, dropped 0, refused 1. 1 that nobody fetched are gone.\n",
      ) as string,
    });
  });

  it("writes one JSON object per line with the message as text, so that its numbers stay whole", async () => {
    const { url, command } = await inbox("--json");
    await post(`${url}?from=a%20b`, message);
    const [line] = await command.stdoutMatch(/\{"type":"message".*\}\n/);
    expect(JSON.parse(line)).toEqual({
      type: "message",
      at: expect.stringMatching(/^\d{4}-.*Z$/) as string,
      outcome: "kept",
      fault: null,
      waiting: 1,
      request: { headers: expect.arrayContaining([["content-type", "text/plain;charset=UTF-8"]]), query: "from=a%20b" },
      body: message,
    });
  });

  it("refuses other paths and methods as the documentation's program does, and a HEAD takes nothing", async () => {
    const { url, origin } = await inbox("--path", "/in%20here/");
    await post(url, message);
    expect(await call(`${origin}/weixinCallback`)).toMatchObject({ status: 404, text: '{"detail":"Not Found"}' });
    for (const [at, allowed, methods] of [
      [url, "GET, POST", ["HEAD", "PUT", "DELETE"]],
      [`${origin}/`, "GET", ["HEAD", "POST"]],
    ] as const) {
      for (const method of methods) {
        const response = await fetch(at, { method });
        expect([response.status, response.headers.get("allow")]).toEqual([405, allowed]);
      }
    }
    expect((await call(url)).text).toBe(message);
  });

  it("gives a message that its client did not read to the next client, in its old position", async () => {
    // Started without --json, which would also print every message.
    const { url, command } = await inbox("--durable");
    // More bytes than fit into a connection's buffers, so that most of them are not sent when the client disconnects.
    const texts = Array.from({ length: 12 }, (_, at) => `"${at}${"x".repeat(limits.bodyBytesMax - 4)}"`);
    for (const text of texts) await post(url, text);
    const { hostname, port, pathname } = new URL(url);
    const socket = connect(Number(port), hostname);
    socket.write(`GET ${pathname} HTTP/1.1\r\nHost: localhost\r\n\r\n`.repeat(texts.length));
    // When the first bytes have arrived, the command has read all requests and has written a part of the answers.
    await new Promise((resolve) => socket.once("readable", resolve));
    socket.destroy();
    const left: string[] = [];
    // Until the command notices that the client has disconnected, a GET may get nothing.
    await expect
      .poll(async () => {
        const { text } = await call(url);
        if (text !== "") left.push(text.slice(1, 3));
        return left.at(-1);
      })
      .toBe("11");
    const numbers = left.map((text) => Number.parseInt(text, 10));
    expect(numbers.length).toBeGreaterThan(4);
    // The order has no gaps: only the first messages are missing, which had been sent to the client.
    expect(numbers).toEqual(Array.from(numbers, (_, at) => texts.length - numbers.length + at));
    command.signal("SIGTERM");
    expect((await command.ended).code).toBe(0);
  });

  it("refuses a body over its limit, cuts one that never ends, and goes on", async () => {
    const { url } = await inbox();
    const answer = await post(url, new Uint8Array(limits.bodyBytesMax + 1));
    expect([answer.status, answer.text]).toEqual([
      413,
      '{"message":"An error occurred: the body has more than 1048576 bytes"}',
    ]);
    const { hostname, port, pathname } = new URL(url);
    const socket = connect(Number(port), hostname);
    socket.on("error", () => undefined);
    socket.write(`POST ${pathname} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n`);
    const piece = `10000\r\n${"x".repeat(0x1_00_00)}\r\n`;
    const write = (): void => {
      while (!socket.destroyed && socket.write(piece));
    };
    socket.on("drain", write);
    write();
    await new Promise((resolve) => socket.once("close", resolve));
    expect(await post(url, "1")).toEqual(success);
  });

  it.each([
    [["--path", "weixinCallback"], /--path <path>.*Give a path such as \/weixinCallback/],
    [["--path", "/a?b"], /Give a path/],
    [["--while-polled", "0"], /Give more than 0/],
    [["--while-polled", "soon"], /Give milliseconds, or a number with a unit/],
    [["--messages-max", "0"], /Give a whole number from 1 to 1000000/],
    [["--durable", "--while-polled", "5m"], /--durable.* cannot be used with .*--while-polled/],
    [["--listen", "18000"], /Give an address and a port/],
  ])("refuses the options %j in one line", async (args, line) => {
    const { code, stderr } = await runCommandInProcess(["inbox", ...args]);
    expect([code, stderr.split("\n")]).toEqual([2, [expect.stringMatching(line), ""]]);
  });

  it.each([
    ["Host: rebound.attacker.example", 421, "allowedHosts (--allowed-hosts)"],
    ["Host: localhost\r\nOrigin: http://evil.example", 403, "allowedOrigins (--allowed-origins)"],
    ["Host: localhost\r\nSec-Fetch-Site: cross-site", 403, "allowedOrigins (--allowed-origins)"],
  ])("refuses a web page's request with %j, and keeps its messages", async (headers, status, setting) => {
    const { url } = await inbox("--durable");
    await post(url, message);
    const { port, pathname } = new URL(url);
    for (const method of ["GET", "POST"]) {
      const request = `${method} ${pathname} HTTP/1.1\r\n${headers}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`;
      const answer = await exchange(Number(port), request);
      expect(answer).toContain(`HTTP/1.1 ${status} `);
      expect(answer).toContain(setting);
      expect(answer).not.toContain("access-control");
    }
    expect((await call(url)).text).toBe(message);
  });

  it("answers allowed hosts, and lets allowed pages read", async () => {
    const { url } = await inbox("--allowed-hosts", "ringback.example", "--allowed-origins", "http://page.example");
    const { port, pathname } = new URL(url);
    const head = "Host: ringback.example\r\nOrigin: http://page.example\r\nConnection: close\r\n\r\n";
    const answer = await exchange(Number(port), `GET ${pathname} HTTP/1.1\r\n${head}`);
    expect(answer).toContain("HTTP/1.1 200 OK");
    expect(answer).toContain("access-control-allow-origin: http://page.example");
  });

  it("says in one line when its address is taken", async () => {
    const { url } = await inbox();
    const { code, stderr } = await runCommandInProcess(["inbox", "--listen", new URL(url).host]);
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^ringback: cannot listen on 127\.0\.0\.1:\d+: another program listens there already; .*\n$/,
    );
  });

  it("explains itself", async () => {
    const { code, stdout } = await runCommandInProcess(["inbox", "--help"]);
    expect(code).toBe(0);
    expect(stdout).toContain("ringback inbox --listen 0.0.0.0:18000 --path /weixinCallback");
    expect(stdout).toMatch(/--while-polled <duration>.*\(default: 5m\)/s);
  });
});
