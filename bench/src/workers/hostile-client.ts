import { createServer } from "node:http";
import { connect } from "node:net";
import type { Socket } from "node:net";
import { signedForm } from "../load/signed-form.ts";
import { tc3Headers } from "../load/signed-tc3.ts";
import { jsonShapes } from "../hostile/body-shapes.ts";
import { textOf } from "../hostile/requests.ts";
import { listenOnLoopback } from "../process/loopback.ts";
import type { HostileRequest } from "../hostile/requests.ts";

const REPLY_MS_MAX = 60_000;
const PIECE_BYTES = 256 * 1024;
const SLOW_BYTE_MS = 100;

/**
 * A client that sends requests as they are described, however wrong they are, over a connection for each. Its own
 * server answers the calls of hooks with hostile JSON (`/reply/SHAPE`), and everything else with an empty 200.
 */
export function start() {
  const slow: NodeJS.Timeout[] = [];
  return {
    send,
    port: () => listenOnLoopback(endpoint),
    /** Opens connections that send a body of 8 MB, one byte after the other. */
    startSlowBodies(origin: string, paths: readonly string[]): void {
      for (const path of paths) {
        const socket = connectTo(origin);
        socket.write(`POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Type: a/b\r\nContent-Length: 8000000\r\n\r\n`);
        slow.push(setInterval(() => socket.write("x"), SLOW_BYTE_MS));
      }
    },
    stopSlowBodies(): void {
      for (const timer of slow) clearInterval(timer);
    },
  };
}

const REPLY_BYTES = 4 * 1024 * 1024 - 64;

const endpoint = createServer((request, response) => {
  request.resume().on("end", () => {
    const shape = decodeURIComponent(/^\/reply\/(.+)$/.exec(request.url ?? "")?.[1] ?? "");
    const value = jsonShapes[shape]?.(REPLY_BYTES);
    response.setHeader("content-type", "application/json");
    response.end(value === undefined ? undefined : `{"message":${value}}`);
  });
});

/** Returns the status of the reply; 0 when the connection was closed without one. */
async function send(origin: string, request: HostileRequest): Promise<number> {
  const { headers, body } = prepared(origin, request);
  const framing = body === null ? {} : request.inOneByteChunks === true ? chunked : { "content-length": body.length };
  const lines = Object.entries({ host: new URL(origin).host, connection: "close", ...headers, ...framing });
  const head = [`${request.method} ${request.path} HTTP/1.1`, ...lines.map((line) => line.join(": ")), "", ""];
  const socket = connectTo(origin);
  socket.setTimeout(REPLY_MS_MAX, () => socket.destroy());
  const reply = statusOf(socket);
  socket.write(head.join("\r\n"));
  if (body !== null) await write(socket, request.inOneByteChunks === true ? inOneByteChunks(body) : body);
  return reply;
}

const chunked = { "transfer-encoding": "chunked" };

function connectTo(origin: string): Socket {
  const { hostname, port } = new URL(origin);
  // The server may close the connection in the middle of a request.
  return connect(Number(port), hostname).on("error", () => {});
}

function prepared(
  origin: string,
  { headers, body }: HostileRequest,
): { headers: HostileRequest["headers"]; body: Buffer | null } {
  if (body === null) return { headers, body: null };
  const text = textOf(body);
  if (body.signed === undefined) return { headers, body: Buffer.from(text) };
  const { as, keyPair } = body.signed;
  if (as === "tc3") return { headers: tc3Headers(origin, keyPair, "PublishCmqMsg", text), body: Buffer.from(text) };
  const form = signedForm(origin, keyPair, "PublishMessage", { topicName: "hostile", msgBody: text });
  return { headers: { "content-type": "application/x-www-form-urlencoded" }, body: form };
}

async function statusOf(socket: Socket): Promise<number> {
  let start = "";
  socket.on("data", (piece: Buffer) => {
    if (start.length < 12) start += piece.toString("latin1", 0, 12);
  });
  // `once` would reject when the server closes the connection before the whole body is sent.
  await new Promise((resolve) => socket.on("close", resolve));
  return Number(/^HTTP\/1\.1 (\d{3})/.exec(start)?.[1] ?? 0);
}

async function write(socket: Socket, bytes: Buffer): Promise<void> {
  for (let at = 0; at < bytes.length && !socket.destroyed; at += PIECE_BYTES) {
    const piece = bytes.subarray(at, at + PIECE_BYTES);
    // The callback gets an error if the server closes the connection.
    await new Promise<unknown>((resolve) => socket.write(piece, resolve));
  }
}

const CHUNK = Buffer.from("1\r\nx\r\n");

function inOneByteChunks(bytes: Buffer): Buffer {
  const chunks = Buffer.alloc(bytes.length * CHUNK.length, CHUNK);
  for (let at = 0; at < bytes.length; at++) chunks[at * CHUNK.length + 3] = bytes[at] ?? 0;
  return Buffer.concat([chunks, Buffer.from("0\r\n\r\n")]);
}
