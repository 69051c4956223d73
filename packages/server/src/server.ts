import { randomBytes, randomUUID } from "node:crypto";
import { hostname } from "node:os";
import type { AddressInfo } from "node:net";
import type { FastifyInstance } from "fastify";
import type { Logger } from "pino";
import { createApp } from "./api/app.ts";
import { addCmqApi } from "./compat/cmq/api.ts";
import { cloudHosts } from "./compat/cmq/cloud-hosts.ts";
import { addWechatApi } from "./compat/wechat/api.ts";
import type { Config } from "./config/config.ts";
import { declareResources } from "./config/declare.ts";
import { masterKeysOf } from "./config/master-key-file.ts";
import { version } from "./config/version.ts";
import { systemClock, systemRandom, systemTimers } from "./domain/ports.ts";
import { Engine } from "./engine/engine.ts";
import { createEngineLog } from "./ops/engine-log.ts";
import { createEventBus } from "./engine/event-bus.ts";
import { AccountInboxes } from "./engine/inboxes/account-inboxes.ts";
import { InboxVerifier } from "./engine/inboxes/inbox-verifier.ts";
import { AccountPulls } from "./engine/pull/account-pulls.ts";
import { PullQueues } from "./engine/pull/pull-queues.ts";
import { AccountQueues } from "./engine/queues/account-queues.ts";
import { QueueTransport } from "./engine/queues/queue-transport.ts";
import { AccountHooks } from "./engine/hooks/account-hooks.ts";
import { AccountApiKeys } from "./engine/keys/account-api-keys.ts";
import { AccountKeys } from "./engine/keys/account-keys.ts";
import { logClockJump, logClockJumps } from "./ops/clock-jumps.ts";
import { PushHeaders } from "./engine/keys/push-headers.ts";
import { withUnusableHeaders } from "./engine/keys/stored-headers.ts";
import type { Readiness } from "./ops/health.ts";
import { createMetrics } from "./ops/metrics.ts";
import type { Store, StoreObserver } from "./store/store.ts";
import { SqliteStore } from "./store/sqlite/sqlite-store.ts";
import { createAddressGuard } from "./transport/address-guard.ts";
import { createEndpointRule } from "./transport/endpoint-rule.ts";
import { createTransport } from "./transport/transport-by-scheme.ts";

export interface RunningServer {
  /** The URL that the server listens on, such as `http://127.0.0.1:8000`. */
  readonly url: string;
  /** Stops accepting requests, finishes or releases running work, and ends. Takes at most about `shutdownGraceMs`. */
  close(): Promise<void>;
}

type Foundation = Awaited<ReturnType<typeof createFoundation>>;
type Services = ReturnType<typeof createServices>;

/** The composition root: the only file that creates the parts of the server and connects them. */
export async function startServer(config: Config, { log }: { log: Logger }): Promise<RunningServer> {
  const foundation = await createFoundation(config, log);
  const stopClockLog = logClockJumps(systemClock, systemTimers, log);
  const services = createServices(foundation);
  let readiness: Readiness = { ready: false, reason: "starting" };
  const app = await createHttpApp(foundation, services, () => readiness);
  const close = async (): Promise<void> => {
    readiness = { ready: false, reason: "stopping" };
    stopClockLog();
    await closeServer(foundation, services, app);
  };
  try {
    await declareResources({ ...foundation, ...services }, config);
    await warnOfSecrets({ ...foundation, ...services });
    services.pullQueues.start();
    await app.listen({ host: config.listen.host, port: config.listen.port });
    await services.engine.start();
  } catch (error) {
    await close();
    throw error;
  }
  readiness = { ready: true };
  return { url: urlOf(app.server.address() as AddressInfo), close };
}

/** Creates the parts that all other parts depend on, such as the store. */
async function createFoundation(config: Config, log: Logger) {
  const events = createEventBus((error) => log.error({ err: error }, "a listener for live events failed"));
  const { allowPrivateNetworks, allowedAddresses } = config;
  const addresses = { allowPrivateNetworks, allowedAddresses };
  const transport = createTransport(addresses);
  const endpointRule = createEndpointRule(createAddressGuard(addresses));
  const metrics = createMetrics({
    statistics: () => store.records.statistics(),
    nodes: () => store.cluster.nodes(),
    connections: () => store.cluster.connections(),
    openSockets: () => transport.openSockets(),
  });
  const clockJumped = (byMs: number): void => logClockJump(log, "database", byMs);
  const store = await openStore(config, { ...metrics.observer, clockJumped }, log);
  const masterKeys = await readMasterKeys(config, log, store);
  return { config, log, store, masterKeys, transport, endpointRule, events, metrics };
}

/** With SQLite, the open store has locked the folder, so no other server can make a master key at the same time. */
async function readMasterKeys(config: Config, log: Logger, store: Store): Promise<readonly string[]> {
  if (config.database !== "sqlite") return config.masterKey;
  try {
    return masterKeysOf(config.data, config.masterKey, log);
  } catch (error) {
    await store.close();
    throw error;
  }
}

async function openStore(config: Config, observer: StoreObserver, log: Logger): Promise<Store> {
  const { attemptRetentionMs, deadLetterRetentionMs } = config;
  const account = { name: "default", appId: config.accountAppId };
  const node = { name: hostname(), version };
  const shared = { account, node, attemptRetentionMs, deadLetterRetentionMs, observer };
  if (config.database !== "sqlite") {
    // Loaded only when needed, because most servers use SQLite.
    const { PostgresStore } = await import("./store/postgres/postgres-store.ts");
    return PostgresStore.open({ url: config.database, nodeAliveMs: config.nodeGoneAfterMs, ...shared });
  }
  const { databaseBytesMax: bytesMax, messageCacheBytes } = config;
  const warn = (sentence: string): void => log.warn(sentence);
  return SqliteStore.open({ folder: config.data, bytesMax, messageCacheBytes, warn, ...shared });
}

function createServices({ config, log, store, masterKeys, transport, endpointRule, events, metrics }: Foundation) {
  const failedDuring = (during: string) => (error: unknown) =>
    log.error({ err: error, during }, "background work failed");
  const keySafe = {
    store,
    masterKeys,
    failed: (error: unknown, key: string) => log.error({ err: error, key }, "a stored key is damaged"),
  };
  const keys = new AccountKeys({ ...keySafe, clock: systemClock, randomBytes });
  const pushHeaders = new PushHeaders(keySafe);
  const shared = { store, events, observer: metrics.observer, clock: systemClock, timers: systemTimers };
  const engine = new Engine({
    ...shared,
    transport: new QueueTransport({
      others: transport,
      send: (name, messages) => queues.send(name, messages),
      clock: systemClock,
      failed: failedDuring("queues"),
    }),
    random: systemRandom,
    keyRing: keys,
    log: createEngineLog(log),
    pushHeaders,
    inFlightMax: config.inFlightMax,
    failed: (error, during) => failedDuring(during)(error),
  });
  const { publisher } = engine;
  const pullQueues = new PullQueues({ ...shared, failed: failedDuring("pulls") });
  const pulls = new AccountPulls({ ...shared, pullQueues });
  const queues = new AccountQueues({ store, publisher, pulls, clock: systemClock, failed: failedDuring("queues") });
  return {
    engine,
    keys,
    pushHeaders,
    apiKeys: new AccountApiKeys({ ...keySafe, randomBytes }),
    hooks: new AccountHooks({
      ...shared,
      keys,
      transport,
      endpointRule,
      requestId: randomUUID,
    }),
    inboxes: new AccountInboxes({
      ...shared,
      publisher,
      pullQueues,
      verifier: new InboxVerifier({ ...keySafe, clock: systemClock }),
      randomBytes,
    }),
    pulls,
    pullQueues,
    queues,
  };
}

async function createHttpApp(
  { config, log, store, endpointRule, events, metrics }: Foundation,
  { engine, keys, apiKeys, pushHeaders, hooks, inboxes, pulls, queues }: Services,
  ready: () => Readiness,
): Promise<FastifyInstance> {
  const { publisher } = engine;
  const shared = { store, events, log, clock: systemClock, endpointRule };
  const app = await createApp({
    ...shared,
    publisher,
    keys,
    apiKeys,
    pushHeaders,
    hooks,
    inboxes,
    pulls,
    metrics,
    version,
    ready,
    callers: {
      listenHost: config.listen.host,
      machineName: hostname(),
      allowedHosts: [...config.allowedHosts, ...cloudHosts],
      allowedOrigins: config.allowedOrigins,
    },
  });
  await addWechatApi(app, { ...shared, randomBytes, topic: config.wechatTopic });
  await addCmqApi(app, {
    ...shared,
    publisher,
    queues,
    apiKeys,
    randomBytes,
    timestampWindowMs: config.cmqTimestampWindowMs,
    refuseReplays: config.cmqRefuseReplays,
  });
  return app;
}

async function closeServer({ config, store }: Foundation, services: Services, app: FastifyInstance): Promise<void> {
  const { engine, hooks, pullQueues } = services;
  // Clients and endpoints have the same grace period. Neither a slow client nor a hanging endpoint can delay the end of
  // the process.
  const cancelTimer = systemTimers.after(config.shutdownGraceMs, () => app.server.closeAllConnections());
  hooks.stop();
  const stopEngine = engine.stop(config.shutdownGraceMs, () => hooks.callsRunning > 0);
  await Promise.all([app.close().finally(cancelTimer), stopEngine]);
  await pullQueues.idle();
  await store.close();
}

/** Secrets that one log line names. This number is enough to find out which master key is missing. */
const namedSecretsMax = 50;

async function warnOfSecrets({
  log,
  store,
  keys,
  apiKeys,
  inboxes,
  pushHeaders,
}: Foundation & Services): Promise<void> {
  const missing = "because the master key that they were stored with is not configured";
  for (const kids of [await keys.unusable(), await apiKeys.unusable()]) {
    const named = { count: kids.length, kids: kids.slice(0, namedSecretsMax) };
    if (kids.length > 0) log.warn(named, `these keys cannot be decrypted, ${missing}`);
  }
  const names = await inboxes.unusable();
  const unverified = { count: names.length, inboxes: names.slice(0, namedSecretsMax) };
  if (names.length > 0) log.warn(unverified, `the secrets of these inboxes cannot be decrypted, ${missing}`);
  const unusable = await withUnusableHeaders({ store, pushHeaders });
  const named = { count: unusable.length, subscriptions: unusable.slice(0, namedSecretsMax) };
  if (unusable.length > 0) log.warn(named, `the push headers of these subscriptions cannot be decrypted, ${missing}`);
}

function urlOf({ address, family, port }: AddressInfo): string {
  return `http://${family === "IPv6" ? `[${address}]` : address}:${port}`;
}
