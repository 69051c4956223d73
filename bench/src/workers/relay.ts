import { createServer } from "node:http";
import { Pool } from "undici";
import { listenOnLoopback } from "../process/loopback.ts";
import { ownCpuUs } from "../process/probe.ts";

const CONNECTIONS = 64;

/** Where each body is sent to, and with which headers: name, value, name, value … */
interface Destination {
  readonly origin: string;
  readonly path: string;
  readonly headers: readonly string[];
  /** The header that gives each request an id of its own. */
  readonly idHeader: string;
}

/**
 * The least that can take a message and pass it on: reads a publish with `node:http`, answers it, and sends its message
 * on with undici. Nothing is stored or checked. Its CPU time is the unit of the scenario `steady`.
 */
export async function start() {
  let destination: (Destination & { readonly pool: Pool }) | null = null;
  let sent = 0;
  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on("data", (piece: Buffer) => pieces.push(piece));
    request.on("end", () => {
      response.writeHead(201, { "content-type": "application/json", "content-length": 2 }).end("{}");
      if (destination === null) return;
      const { pool, path, headers, idHeader } = destination;
      const { body } = JSON.parse(Buffer.concat(pieces).toString()) as { body: string };
      void post(pool, { path, headers: [...headers, idHeader, String(++sent)], body });
    });
  });
  const port = await listenOnLoopback(server);
  return {
    port: () => port,
    cpuUs: ownCpuUs,
    sendTo(given: Destination): void {
      destination = { ...given, pool: new Pool(given.origin, { connections: CONNECTIONS, pipelining: 1 }) };
    },
  };
}

async function post(pool: Pool, request: { path: string; headers: string[]; body: string }): Promise<void> {
  const { body } = await pool.request({ ...request, method: "POST" });
  await body.dump();
}
