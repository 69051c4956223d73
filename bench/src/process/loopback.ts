import { once } from "node:events";
import { createServer } from "node:net";
import type { Server } from "node:net";

/** Makes a server listen on a free port of the loopback address, and returns the port. */
export async function listenOnLoopback(server: Server): Promise<number> {
  await once(server.listen({ port: 0, host: "127.0.0.1", backlog: 4096 }), "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server does not listen on a port");
  return address.port;
}

/** Returns a port on which nothing listens. Another process may take the port later. */
export async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listenOnLoopback(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
}
