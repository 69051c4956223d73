import { once } from "node:events";
import { createServer } from "node:http";
import type { RequestListener } from "node:http";

/** A plain HTTP server that imitates Ringback's API. */
export async function startFakeServer(
  listener: RequestListener,
): Promise<AsyncDisposable & { url: string; port: number }> {
  const server = createServer(listener);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server has no port");
  return {
    url: `http://127.0.0.1:${address.port}`,
    port: address.port,
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
