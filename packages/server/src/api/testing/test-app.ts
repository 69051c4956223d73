import type { FastifyInstance } from "fastify";
import { createLog } from "../../ops/log.ts";
import { createMetrics } from "../../ops/metrics.ts";
import type { Readiness } from "../../ops/health.ts";
import { createApp } from "../app.ts";
import type { ApiConfig } from "../config.ts";
import { MemoryEvents } from "./memory-events.ts";
import { memoryPublisher } from "./memory-publisher.ts";
import { MemoryStore } from "./memory-store.ts";

export interface TestApp {
  readonly app: FastifyInstance;
  readonly store: MemoryStore;
  readonly events: MemoryEvents;
  /** What was logged, a JSON line each. */
  readonly logLines: string[];
  readiness: Readiness;
}

/** The real HTTP application over a store, a publisher and an event bus in memory. */
export async function createTestApp(config: Partial<ApiConfig> = {}): Promise<TestApp> {
  const store = new MemoryStore();
  const events = new MemoryEvents();
  const logLines: string[] = [];
  const log = createLog({ level: "info", pretty: false, destination: { write: (line) => void logLines.push(line) } });
  const testApp: { -readonly [K in keyof TestApp]?: TestApp[K] } & Pick<TestApp, "readiness"> = {
    readiness: { ready: true },
  };
  const app = await createApp({
    store,
    publisher: memoryPublisher(store),
    events,
    metrics: createMetrics({ statistics: () => store.statistics(), openSockets: () => 8 }),
    log,
    version: "0.0.0-test",
    ready: () => testApp.readiness,
    clock: { now: () => 1_700_000_000_000 },
    config,
  });
  return Object.assign(testApp, { app, store, events, logLines });
}
