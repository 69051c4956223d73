import { once } from "node:events";
import { createServer } from "node:net";
import type { Socket } from "node:net";
import { freePort } from "./free-port.ts";

export interface DeadEndpoint extends AsyncDisposable {
  readonly url: string;
  /** Number of connections so far. */
  connections(): number;
}

/** Starts an endpoint that accepts every connection and request, and never answers. */
export function startHanging(): Promise<DeadEndpoint> {
  return startTcp(() => undefined);
}

/** Starts an endpoint that begins an answer and sends the rest one byte at a time, without end. */
export function startDripping(): Promise<DeadEndpoint> {
  return startTcp((socket) => {
    socket.once("data", () => {
      socket.write("HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n");
      const drip = setInterval(() => socket.write("x"), 100);
      socket.on("close", () => clearInterval(drip));
    });
  });
}

/** Returns an address on which no program listens. */
export async function refusing(): Promise<DeadEndpoint> {
  const url = `http://127.0.0.1:${await freePort()}`;
  return { url, connections: () => 0, [Symbol.asyncDispose]: () => Promise.resolve() };
}

async function startTcp(serve: (socket: Socket) => void): Promise<DeadEndpoint> {
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer((socket) => {
    connections++;
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket)).on("error", () => undefined);
    socket.resume();
    serve(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    url: `http://127.0.0.1:${address.port}`,
    connections: () => connections,
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
