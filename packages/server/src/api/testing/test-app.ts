import { createAddressGuard } from "../../transport/address-guard.ts";
import { createEndpointRule } from "../../transport/endpoint-rule.ts";
import { clockAt } from "../../domain/testing/clock-at.ts";
import { randomBytes } from "node:crypto";
import type { FastifyInstance } from "fastify";
import { createLog } from "../../ops/log.ts";
import { createMetrics } from "../../ops/metrics.ts";
import type { Readiness } from "../../ops/health.ts";
import { systemTimers } from "../../domain/ports.ts";
import { AccountInboxes } from "../../engine/inboxes/account-inboxes.ts";
import { InboxVerifier } from "../../engine/inboxes/inbox-verifier.ts";
import type { Inboxes } from "../../engine/inboxes/account-inboxes.ts";
import { createPublisher, type Publisher } from "../../engine/publisher.ts";
import { PullQueues } from "../../engine/pull/pull-queues.ts";
import { AccountPulls } from "../../engine/pull/account-pulls.ts";
import { FaultyStore } from "../../engine/testing/faulty-store.ts";
import { RecordingObserver } from "../../engine/testing/recording-observer.ts";
import { SeededRandom } from "../../engine/testing/seeded-random.ts";
import { createApp } from "../app.ts";
import { AccountApiKeys } from "../../engine/keys/account-api-keys.ts";
import { AccountKeys } from "../../engine/keys/account-keys.ts";
import { PushHeaders } from "../../engine/keys/push-headers.ts";
import { AccountHooks } from "../../engine/hooks/account-hooks.ts";
import type { AccountHooksOptions } from "../../engine/hooks/account-hooks.ts";
import type { Transport } from "../../transport/port.ts";
import type { CallerRules } from "../../http/caller-rules.ts";
import type { HttpLimits } from "../../http/http-limits.ts";
import { RecordedEvents } from "./recorded-events.ts";
import { RecordedPulls } from "./recorded-pulls.ts";

export interface TestApp {
  readonly app: FastifyInstance;
  /** The clock of the application. Only the test changes it. */
  readonly clock: { nowMs: number };
  readonly store: FaultyStore;
  readonly events: RecordedEvents;
  readonly publisher: Publisher;
  readonly accountPulls: AccountPulls;
  readonly pulls: RecordedPulls;
  readonly apiKeys: AccountApiKeys;
  /** The lines of the log. Each line is JSON. */
  readonly logLines: string[];
  readiness: Readiness;
}

export const testMasterKey = Buffer.alloc(32, 7).toString("base64url");

/** Parts that a test replaces. */
export interface TestParts {
  readonly masterKeys?: readonly string[];
  /** Default: a transport whose POSTs all fail to connect. */
  readonly transport?: Transport;
  readonly hooks?: Pick<AccountHooksOptions, "callsMax" | "memoryBytesMax">;
  /** Default: inboxes on the same store. */
  readonly inboxes?: Inboxes;
  readonly nowMs?: number;
  readonly callers?: CallerRules;
}

/** Tests use any host name, and no browsers. */
const everyHost: CallerRules = {
  listenHost: "127.0.0.1",
  machineName: "machine",
  allowedHosts: ["*"],
  allowedOrigins: [],
};

export const testNowMs = Date.UTC(2026, 0, 31, 8, 15, 30, 250);

const unreachable: Transport = {
  post: (_endpoint, _headers, _body, done) =>
    setImmediate(done, { durationMs: 0, error: "connect_refused", status: 0, headers: {}, body: new Uint8Array(0) }),
  openSockets: () => 0,
  close: () => Promise.resolve(),
};

/** Real: the HTTP application, publisher, pulls and inboxes, on the memory driver. Faked: events, transport, clock. */
export async function createTestApp(config: Partial<HttpLimits> = {}, parts: TestParts = {}): Promise<TestApp> {
  const clock = { nowMs: parts.nowMs ?? testNowMs };
  const ticking = clockAt(() => clock.nowMs);
  const account = { name: "default", appId: 1 };
  const store = new FaultyStore({ clock: ticking, timers: systemTimers, random: new SeededRandom(1), account });
  const events = new RecordedEvents();
  const shared = { store, events, clock: ticking, timers: systemTimers };
  const logLines: string[] = [];
  const safe = {
    store,
    masterKeys: parts.masterKeys ?? [testMasterKey],
    failed: (error: unknown, name: string) => log.error({ err: error, name }, "a key cannot be opened"),
  };
  const keys = new AccountKeys({ ...safe, clock: ticking, randomBytes });
  const apiKeys = new AccountApiKeys({ ...safe, randomBytes });
  const log = createLog({ level: "info", pretty: false, destination: { write: (line) => void logLines.push(line) } });
  const testApp: { -readonly [K in keyof TestApp]?: TestApp[K] } & Pick<TestApp, "readiness"> = {
    readiness: { ready: true },
  };
  const metrics = createMetrics({
    statistics: () => store.records.statistics(),
    nodes: () => store.cluster.nodes(),
    connections: () => store.cluster.connections(),
    openSockets: () => 8,
  });
  const observer = new RecordingObserver();
  const endpointRule = createEndpointRule(createAddressGuard({ allowPrivateNetworks: true }));
  const publisher = createPublisher({ ...shared, observer });
  const pullQueues = new PullQueues({ ...shared, observer, failed });
  pullQueues.start();
  const accountPulls = new AccountPulls({ ...shared, pullQueues, observer });
  const verifier = new InboxVerifier({ ...safe, clock: ticking });
  const pulls = new RecordedPulls(accountPulls);
  const app = await createApp({
    store,
    publisher,
    keys,
    apiKeys,
    pushHeaders: new PushHeaders(safe),
    endpointRule,
    hooks: new AccountHooks({
      store,
      keys,
      endpointRule,
      transport: parts.transport ?? unreachable,
      events,
      observer: metrics.observer,
      clock: ticking,
      requestId: () => "1700000000000-7",
      ...parts.hooks,
    }),
    inboxes: parts.inboxes ?? new AccountInboxes({ ...shared, publisher, pullQueues, observer, verifier, randomBytes }),
    pulls,
    events,
    metrics,
    log,
    version: "0.0.0-test",
    ready: () => testApp.readiness,
    clock: ticking,
    config,
    callers: parts.callers ?? everyHost,
  });
  return Object.assign(testApp, { app, clock, store, events, publisher, accountPulls, pulls, apiKeys, logLines });
}

function failed(error: unknown): void {
  throw error;
}
