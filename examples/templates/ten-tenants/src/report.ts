import { createServer } from "node:http";
import type { Receiver } from "./receiver.ts";
import { tenants } from "./tenants.ts";

const printedMs = 2_000;

/** Serves the numbers of all tenants as JSON, and prints them at intervals. */
export function startReport(port: number, receiver: Receiver): void {
  const rows = () =>
    tenants.map(({ name, perSecond, endpoint, published, refused }) => {
      const sorted = receiver.latencies.get(name)?.toSorted((a, b) => a - b) ?? [];
      const p50Ms = sorted[Math.floor(sorted.length / 2)] ?? null;
      return { tenant: name, perSecond, endpoint, published, refused, arrived: receiver.arrived(name), p50Ms };
    });
  setInterval(() => console.table(rows()), printedMs);
  createServer((_request, response) => {
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(rows(), null, 2));
  }).listen(port, "127.0.0.1");
}
