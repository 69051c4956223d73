import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startCommand } from "../src/cli/testing/command-process.ts";
import type { ProblemView } from "./harness/api.ts";
import { temporaryFolder, type TemporaryFolder } from "./harness/folder.ts";
import { useServer } from "./harness/running-server.ts";
import { Server } from "./harness/server.ts";

// Real: server, commands, sockets and processes. Nothing is faked. No test measures a time.

/** The heap of the processes. A process that keeps a list of all pieces needs more, and ends. */
const env = { NODE_OPTIONS: "--max-old-space-size=100" };
const fewPieces = 8_000;
const manyPieces = 300_000;
/** The most pieces of 16 bytes in a publish. */
const usefulPieces = 520_000;

/** Sends a body in HTTP chunks of the same size, and returns the status of the reply. */
async function statusOfChunks(url: string, contentType: string, pieces: number, pieceBytes = 1): Promise<number> {
  const { hostname, port, pathname, host } = new URL(url);
  const socket = connect(Number(port), hostname);
  let reply = "";
  socket.on("data", (piece: Buffer) => (reply += piece.toString("latin1")));
  // The server closes the connection before it has read everything.
  socket.on("error", () => {});
  const closed = new Promise((resolve) => socket.on("close", resolve));
  const head = `POST ${pathname} HTTP/1.1\r\nHost: ${host}\r\nContent-Type: ${contentType}\r\n`;
  socket.write(`${head}Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n`);
  const chunk = `${pieceBytes.toString(16)}\r\n${"7".repeat(pieceBytes)}\r\n`;
  socket.write(`${chunk.repeat(pieces)}0\r\n\r\n`);
  await closed;
  return Number(reply.slice("HTTP/1.1 ".length, "HTTP/1.1 200".length));
}

describe("a body in many HTTP chunks", () => {
  let server: Server;
  let folder: TemporaryFolder;
  beforeAll(async () => {
    folder = await temporaryFolder();
    server = await Server.start({ folder: folder.path, env });
    await server.api.ok("PUT", "/v1/topics/t", { json: {} });
    await server.api.ok("PUT", "/v1/inboxes/in", { json: { accept: "any" } });
    await server.api.ok("PUT", "/v1/hooks/h", { json: { urls: [server.url], protocol: "koipy" } });
  });
  afterAll(async () => {
    await server.kill();
    await folder[Symbol.asyncDispose]();
  });

  it.each([
    ["/v1/topics/t/messages", "text/plain", 201, 413],
    ["/v1/topics/t/messages", "application/json", 400, 413],
    ["/v1/topics/t/messages/batch", "application/json", 400, 413],
    ["/v1/hooks/h/call", "application/json", 400, 413],
    ["/in/in", "text/plain", 200, 413],
    ["/v2/index.php", "application/x-www-form-urlencoded", 200, 200],
    ["/", "application/json", 200, 200],
    ["/api/", "application/json", 200, 200],
    ["/v1/topics/t/subscriptions/s/pull", "application/json", 400, 413],
  ])(
    "of one byte is taken if it is short, and otherwise refused early: to %s as %s",
    async (path, contentType, few, many) => {
      expect(await statusOfChunks(server.url + path, contentType, fewPieces)).toBe(few);
      expect(await statusOfChunks(server.url + path, contentType, manyPieces)).toBe(many);
      expect((await server.api.call("GET", "/healthz")).status).toBe(200);
    },
  );

  it.each([
    ["/v1/topics/t/messages", "text/plain"],
    ["/v1/topics/t/messages", "application/json"],
    ["/v1/topics/t/messages/batch", "application/json"],
  ])("of 16 bytes takes no more memory than any other: to %s as %s", async (path, type) => {
    // The body is read whole. Then it is refused: the message is too large, or its number too long.
    const status = await statusOfChunks(server.url + path, type, usefulPieces, 16);
    expect(status).toBe(type === "text/plain" ? 413 : 400);
    expect((await server.api.call("GET", "/healthz")).status).toBe(200);
  });

  it.each([
    ["receive", ["receive", "--listen", "127.0.0.1:0"], 200, 413],
    ["inbox", ["inbox", "--listen", "127.0.0.1:0"], 500, 413],
    // The 500 of an inbox means that the body is not JSON within its limits: it is one long number.
  ])("of one byte is taken if it is short, and otherwise refused early: to ringback %s", async (_, args, few, many) => {
    const command = startCommand(args, { env });
    try {
      const [url] = await command.stderrMatch(/http:\/\/127\.0\.0\.1:\d+[\w/-]*/);
      expect(await statusOfChunks(url, "application/json", fewPieces)).toBe(few);
      expect(await statusOfChunks(url, "application/json", manyPieces)).toBe(many);
    } finally {
      command.signal("SIGKILL");
      await command.ended;
    }
  });
});

const list = (item: string, count: number): string => `[${`${item},`.repeat(count - 1)}${item}]`;
const members = (count: number): string => Array.from({ length: count }, (_, i) => `"a${i}":"1"`).join(",");

describe("JSON that is expensive to read", () => {
  const server = useServer();
  const publish = "/v1/topics/costs/messages";
  beforeAll(async () => {
    await server().api.ok("PUT", "/v1/topics/costs", { json: {} });
    await server().api.ok("PUT", "/v1/hooks/costs", { json: { urls: [server().url], protocol: "koipy" } });
  });

  it.each([
    ["4,000,000 open brackets", publish, "[".repeat(4_000_000)],
    ["4,000,000 closed brackets", publish, "[".repeat(2_000_000) + "]".repeat(2_000_000)],
    ["500,000 attributes", publish, `{"body":1,"attributes":{${members(500_000)}}}`],
    ["600,000 unknown members", publish, `{"body":1,${members(600_000)}}`],
    ["a million tags", publish, `{"body":1,"tags":${list('""', 1_000_000)}}`],
    ["a deep body", publish, `{"body":${"[".repeat(501)}${"]".repeat(501)}}`],
    ["a long number", publish, `{"body":1,"delayMs":${"1".repeat(5_000)}}`],
    ["a hook call with a million numbers", "/v1/hooks/costs/call", `{"message":${list("1.0", 1_000_000)}}`],
    ["a hook call with 150,000 long integers", "/v1/hooks/costs/call", list("12345678901234567890", 150_000)],
    ["a deep hook call", "/v1/hooks/costs/call", `{"message":${"[".repeat(100)}${"]".repeat(100)}}`],
  ])("is refused with a sentence: %s", async (_, path, body) => {
    const { status, json } = await server().api.call<ProblemView>("POST", path, {
      headers: { "content-type": "application/json" },
      body,
    });
    expect([status, json.code]).toEqual([400, "json_too_complex"]);
    expect(json.detail).toMatch(
      /^The request body is JSON (?:deeper than|with more than|with a number of more|with an object of more) /,
    );
  });

  it("is the body of a message all the same, which nobody parses", async () => {
    const body = list("1.0", 250_000);
    const { status, json } = await server().api.call<{ id: string }>("POST", publish, {
      headers: { "content-type": "application/json" },
      body: `{"body":${body}}`,
    });
    expect(status).toBe(201);
    const kept = await server().api.call<{ body: string }>("GET", `/v1/messages/${json.id}`);
    expect(kept.json.body).toBe(body);
  });
});
