import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export interface Receiver {
  readonly url: string;
  /** How long the last arrivals of each tenant took, from publish to arrival, in milliseconds. */
  readonly latencies: ReadonlyMap<string, readonly number[]>;
  arrived(tenant: string): number;
}

const latenciesKept = 200;

/** All endpoints of all tenants: `/fine/…` accepts, `/dead/…` never answers. */
export async function startReceiver(): Promise<Receiver> {
  const counts = new Map<string, number>();
  const latencies = new Map<string, number[]>();
  const server = createServer((request, response) => {
    const [, behaviour, tenant = ""] = request.url?.split("/") ?? [];
    if (behaviour === "dead") return;
    let text = "";
    request.setEncoding("utf8").on("data", (piece: string) => (text += piece));
    request.on("end", () => {
      response.writeHead(204).end();
      const { sentAt } = JSON.parse(text) as { sentAt: number };
      counts.set(tenant, (counts.get(tenant) ?? 0) + 1);
      latencies.set(tenant, [...(latencies.get(tenant) ?? []), Date.now() - sentAt].slice(-latenciesKept));
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, latencies, arrived: (tenant) => counts.get(tenant) ?? 0 };
}
