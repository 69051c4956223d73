/** Real: the spans, their queue, the exporter, sockets, a collector. Faked: clock and timers. */

import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import type { NewMessage, Topic } from "../../domain/model.ts";
import { clockAt } from "../../domain/testing/clock-at.ts";
import { engineLimits } from "../../engine/engine-limits.ts";
import { branded } from "../../engine/testing/brand.ts";
import { createLog } from "../log.ts";
import { startTracing } from "./otlp.ts";

let servers: Server[] = [];
afterEach(() => {
  for (const server of servers) server.close().closeAllConnections();
  servers = [];
});

async function collectorUrl(answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function scene(endpoint: string) {
  const lines: string[] = [];
  const state = { nowMs: 1_000, lines, fired: [] as (() => void)[] };
  const tracing = startTracing({
    endpoint,
    headers: {},
    sampleRatio: 1,
    instance: "node",
    version: "1",
    log: createLog({ level: "info", pretty: false, destination: { write: (line) => void lines.push(line) } }),
    clock: clockAt(() => state.nowMs),
    timers: {
      after: (_delayMs, task) => {
        state.fired.push(task);
        return () => {};
      },
      soon: (task) => setImmediate(task),
    },
    accountNameOf: () => "default",
  });
  const topic: Pick<Topic, "id" | "accountId" | "name"> = { id: branded(1), accountId: branded(1), name: "orders" };
  const message: NewMessage = {
    body: Buffer.from("x"),
    contentType: null,
    tags: [],
    type: null,
    orderingKey: null,
    attributes: {},
    delayMs: 0,
  };
  const publish = (count: number) => {
    for (let made = 0; made < count; made++) tracing.publishTracer.start(topic as Topic, [message]).published([]);
  };
  return { tracing, publish, state };
}

describe("a collector that", () => {
  it("never answers does not hold up the end of the server", async () => {
    const { tracing, publish, state } = scene(await collectorUrl(() => {}));
    publish(10);
    const stopped = tracing.stop();
    expect(state.fired).toHaveLength(1);
    state.fired[0]?.();
    await stopped;
    expect(tracing.counts()).toMatchObject({ exported: 0, lost: 0 });
  });

  it("does not answer makes the queue grow to its limit, and further spans are lost", async () => {
    const { tracing, publish } = scene(await collectorUrl(() => {}));
    publish(engineLimits.spansQueuedMax);
    expect(tracing.counts().lost).toBe(0);
    publish(1_000);
    expect(tracing.counts()).toEqual({ exported: 0, lost: 1_000, waiting: engineLimits.spansQueuedMax });
  });

  it("refuses spans has one line in the log per five minutes, with the number of lost spans", async () => {
    const url = await collectorUrl((_request, response) => void response.writeHead(400).end("no"));
    const { tracing, publish, state } = scene(url);
    const losing = async (lost: number) => {
      publish(engineLimits.spansPerExportMax);
      await expect.poll(() => tracing.counts().lost).toBe(lost * engineLimits.spansPerExportMax);
    };
    await losing(1);
    await losing(2);
    expect(state.lines.map((line) => JSON.parse(line) as object)).toMatchObject([
      { level: "warn", event: "spans.lost", endpoint: url, lost: engineLimits.spansPerExportMax },
    ]);
    state.nowMs += engineLimits.spanLossLogMs;
    await losing(3);
    expect(state.lines).toHaveLength(2);
  });

  it("answers gets every span, those of the end too", async () => {
    let requests = 0;
    const url = await collectorUrl((_request, response) => {
      requests++;
      response.writeHead(200, { "content-type": "application/json" }).end("{}");
    });
    const { tracing, publish, state } = scene(`${url}/v1/traces`);
    publish(engineLimits.spansPerExportMax + 1);
    await tracing.stop();
    expect(requests).toBe(2);
    expect(tracing.counts()).toEqual({ exported: engineLimits.spansPerExportMax + 1, lost: 0, waiting: 0 });
    expect(state.lines).toEqual([]);
  });
});
