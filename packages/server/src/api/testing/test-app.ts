import { randomBytes } from "node:crypto";
import type { FastifyInstance } from "fastify";
import { createLog } from "../../ops/log.ts";
import { createMetrics } from "../../ops/metrics.ts";
import type { Readiness } from "../../ops/health.ts";
import { systemTimers } from "../../domain/ports.ts";
import { AccountInboxes } from "../../engine/inboxes/account-inboxes.ts";
import type { Inboxes } from "../../engine/inboxes/inboxes.ts";
import type { Pulls } from "../../engine/pull/pulls.ts";
import { PullQueues } from "../../engine/pull/pull-queues.ts";
import { createApp } from "../app.ts";
import { AccountApiKeys } from "../../engine/keys/account-api-keys.ts";
import { AccountKeys } from "../../engine/keys/account-keys.ts";
import { AccountHooks } from "../../engine/hooks/account-hooks.ts";
import type { AccountHooksOptions } from "../../engine/hooks/account-hooks.ts";
import type { Transport } from "../../transport/port.ts";
import type { HttpLimits } from "../../http/http-limits.ts";
import { MemoryEvents } from "./memory-events.ts";
import { MemoryPulls } from "./memory-pulls.ts";
import { memoryPublisher } from "./memory-publisher.ts";
import { MemoryStore } from "./memory-store.ts";

export interface TestApp {
  readonly app: FastifyInstance;
  readonly store: MemoryStore;
  readonly events: MemoryEvents;
  readonly apiKeys: AccountApiKeys;
  /** What was logged, a JSON line each. */
  readonly logLines: string[];
  readiness: Readiness;
}

export const testMasterKey = Buffer.alloc(32, 7).toString("base64url");

/** What a test has otherwise than the rest. */
export interface TestParts {
  readonly masterKeys?: readonly string[];
  /** Left out: nothing can be reached. */
  readonly transport?: Transport;
  readonly hooks?: Pick<AccountHooksOptions, "callsMax" | "bytesHeldMax">;
  /** Left out: some of which only the making and removing works, since this store gives out no claims. */
  readonly inboxes?: Inboxes;
  /** Left out: nothing is there to be pulled. */
  readonly pulls?: Pulls;
}

const unreachable: Transport = {
  post: (_endpoint, _headers, _body, done) =>
    setImmediate(done, { durationMs: 0, error: "connect_refused", status: 0, headers: {}, body: new Uint8Array(0) }),
  openSockets: () => 0,
  close: () => Promise.resolve(),
};

/** The real HTTP application over a store, a publisher and an event bus in memory. */
export async function createTestApp(config: Partial<HttpLimits> = {}, parts: TestParts = {}): Promise<TestApp> {
  const store = new MemoryStore();
  const events = new MemoryEvents();
  const logLines: string[] = [];
  const safe = {
    store,
    masterKeys: parts.masterKeys ?? [testMasterKey],
    failed: (error: unknown, name: string) => log.error({ err: error, name }, "a key cannot be opened"),
  };
  const keys = new AccountKeys(safe);
  const apiKeys = new AccountApiKeys({ ...safe, randomBytes });
  const log = createLog({ level: "info", pretty: false, destination: { write: (line) => void logLines.push(line) } });
  const testApp: { -readonly [K in keyof TestApp]?: TestApp[K] } & Pick<TestApp, "readiness"> = {
    readiness: { ready: true },
  };
  const clock = { now: () => 1_700_000_000_000 };
  const metrics = createMetrics({
    statistics: () => store.records.statistics(),
    nodes: () => store.cluster.nodes(),
    connections: () => store.cluster.connections(),
    openSockets: () => 8,
  });
  const app = await createApp({
    store,
    publisher: memoryPublisher(store),
    keys,
    apiKeys,
    hooks: new AccountHooks({
      store,
      keys,
      transport: parts.transport ?? unreachable,
      events,
      observer: metrics.observer,
      clock,
      steadyClock: { now: () => performance.now() },
      requestId: () => "1700000000000-7",
      ...parts.hooks,
    }),
    inboxes: parts.inboxes ?? unclaimedInboxes(store, events),
    pulls: parts.pulls ?? new MemoryPulls(),
    events,
    metrics,
    log,
    version: "0.0.0-test",
    ready: () => testApp.readiness,
    clock,
    config,
  });
  return Object.assign(testApp, { app, store, events, apiKeys, logLines });
}

function unclaimedInboxes(store: MemoryStore, events: MemoryEvents): Inboxes {
  const clock = { now: () => 1_700_000_000_000 };
  const observer = { expired: () => {}, dead: () => {} };
  const pullQueues = new PullQueues({ store, events, observer, clock, timers: systemTimers, failed: rethrow });
  return new AccountInboxes({ store, publisher: memoryPublisher(store), pullQueues, events, observer, clock });
}

function rethrow(error: unknown): never {
  throw error;
}
