import { createServer, type Server, type Socket } from "node:net";
import { freePort, listenOnLoopback } from "../process/loopback.ts";

const TRICKLE_MS = 1_000;
const FLOOD_BYTES = 64 * 1024;

/** Ways in which an endpoint can be bad for its sender. */
export interface BadEndpoints {
  /** Refuses every connection. */
  readonly dead: number;
  /** Answers at once with a head, and then sends one byte a second. */
  readonly slow: number;
  /** Answers 200 with a body that never ends. */
  readonly huge: number;
  /** Ends each connection as soon as a request arrives, so that each POST needs a new connection. */
  readonly flood: number;
}

/** Starts endpoints that answer badly. Returns the port of each. */
export async function listenBadly(): Promise<BadEndpoints> {
  const [dead, slow, huge, flood] = await Promise.all([
    freePort(),
    listenOnLoopback(answeringWith(trickle)),
    listenOnLoopback(answeringWith(pour)),
    listenOnLoopback(answeringWith((socket) => socket.destroy())),
  ]);
  return { dead, slow, huge, flood };
}

function answeringWith(answer: (socket: Socket) => void): Server {
  return createServer({ noDelay: true }, (socket) => {
    socket.on("error", () => socket.destroy());
    socket.once("data", () => answer(socket));
    socket.resume();
  });
}

function trickle(socket: Socket): void {
  socket.write("HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n");
  const timer = setInterval(() => socket.write("."), TRICKLE_MS);
  socket.on("close", () => clearInterval(timer));
}

function pour(socket: Socket): void {
  const bytes = Buffer.alloc(FLOOD_BYTES, ".");
  const chunk = Buffer.concat([Buffer.from(`${FLOOD_BYTES.toString(16)}\r\n`), bytes, Buffer.from("\r\n")]);
  const more = (): void => {
    while (!socket.destroyed && socket.write(chunk));
  };
  socket.on("drain", more);
  socket.write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
  more();
}
