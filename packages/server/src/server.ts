import { randomBytes, randomUUID } from "node:crypto";
import { hostname } from "node:os";
import type { AddressInfo } from "node:net";
import type { Logger } from "pino";
import { createApp } from "./api/app.ts";
import { addCompatibilityApis } from "./compat/gateway.ts";
import type { Config } from "./config/config.ts";
import { readVersion } from "./config/version.ts";
import { systemClock, systemRandom, systemTimers } from "./domain/ports.ts";
import { RingbackError } from "./domain/errors.ts";
import { Engine } from "./engine/engine.ts";
import { AccountInboxes } from "./engine/inboxes/account-inboxes.ts";
import { AccountPulls } from "./engine/pull/account-pulls.ts";
import { PullQueues } from "./engine/pull/pull-queues.ts";
import { AccountQueues } from "./engine/queues/account-queues.ts";
import { QueueTransport } from "./engine/queues/queue-transport.ts";
import { AccountHooks } from "./engine/hooks/account-hooks.ts";
import { AccountApiKeys } from "./engine/keys/account-api-keys.ts";
import { AccountKeys } from "./engine/keys/account-keys.ts";
import { assertPushKeysFit } from "./engine/keys/push-keys.ts";
import type { Hooks } from "./engine/hooks/hooks.ts";
import type { Inboxes } from "./engine/inboxes/inboxes.ts";
import type { ApiKeys } from "./engine/keys/api-keys.ts";
import type { Keys } from "./engine/keys/keys.ts";
import { createEventBus } from "./engine/event-bus.ts";
import { createMetrics } from "./ops/metrics.ts";
import type { Store, StoreObserver } from "./store/store.ts";
import { SqliteStore } from "./store/sqlite/sqlite-store.ts";
import { createTransport } from "./transport/transport-by-scheme.ts";

export interface RunningServer {
  /** Where it listens, such as `http://127.0.0.1:8000`. */
  readonly url: string;
  /** Stops accepting, finishes or releases what is in flight, and ends. Bounded by `shutdownGraceMs`. */
  close(): Promise<void>;
}

/** The composition root: the only place that knows all the rooms of the house. */
export async function startServer(config: Config, { log }: { log: Logger }): Promise<RunningServer> {
  const events = createEventBus((error) => log.error({ err: error }, "a listener to live events failed"));
  const metrics = createMetrics({
    statistics: () => store.records.statistics(),
    nodes: () => store.cluster.nodes(),
    connections: () => store.cluster.connections(),
    openSockets: () => transport.openSockets(),
  });
  const store = await openStore(config, metrics.observer);
  const transport = createTransport({
    allowPrivateNetworks: config.allowPrivateNetworks,
    allowedAddresses: config.allowedAddresses,
  });
  const safe = {
    store,
    masterKeys: config.masterKey,
    failed: (error: unknown, key: string) => log.error({ err: error, key }, "a key is damaged and cannot be opened"),
  };
  const keys = new AccountKeys(safe);
  const apiKeys = new AccountApiKeys({ ...safe, randomBytes });
  const queueFailed = (error: unknown): void => log.error({ err: error, during: "queues" }, "background work failed");
  const engine = new Engine({
    store,
    transport: new QueueTransport({
      others: transport,
      send: (name, messages) => queues.send(name, messages),
      clock: systemClock,
      failed: queueFailed,
    }),
    events,
    observer: metrics.observer,
    clock: systemClock,
    timers: systemTimers,
    random: systemRandom,
    keyRing: keys,
    inFlightMax: config.inFlightMax,
    failed: (error, during) => log.error({ err: error, during }, "background work failed"),
  });
  const hooks = new AccountHooks({
    store,
    keys,
    transport,
    events,
    observer: metrics.observer,
    clock: systemClock,
    steadyClock: { now: () => performance.now() },
    requestId: randomUUID,
  });
  const pullQueues = new PullQueues({
    store,
    events,
    observer: metrics.observer,
    clock: systemClock,
    timers: systemTimers,
    failed: (error) => log.error({ err: error, during: "pulls" }, "background work failed"),
  });
  const fetched = { store, pullQueues, events, observer: metrics.observer, clock: systemClock };
  const inboxes = new AccountInboxes({ ...fetched, publisher: engine.publisher });
  const pulls = new AccountPulls(fetched);
  const queues = new AccountQueues({
    store,
    publisher: engine.publisher,
    pulls,
    clock: systemClock,
    failed: queueFailed,
  });
  let state: { ready: boolean; reason?: string } = { ready: false, reason: "starting" };
  const app = await createApp({
    store,
    publisher: engine.publisher,
    keys,
    apiKeys,
    hooks,
    inboxes,
    pulls,
    events,
    metrics,
    log,
    version: readVersion(),
    ready: () => state,
    clock: systemClock,
  });
  await addCompatibilityApis(app, {
    wechat: { store, events, clock: systemClock, log, randomBytes, topic: config.wechatTopic },
    cmq: {
      store,
      publisher: engine.publisher,
      queues,
      apiKeys,
      events,
      clock: systemClock,
      log,
      randomBytes,
      timestampWindowMs: config.cmqTimestampWindowMs,
      refuseReplays: config.cmqRefuseReplays,
    },
  });

  const closeAll = async (): Promise<void> => {
    state = { ready: false, reason: "stopping" };
    // One grace for both sides: neither a client that uploads slowly nor an endpoint that hangs outlasts it.
    const cancelCut = systemTimers.after(config.shutdownGraceMs, () => app.server.closeAllConnections());
    hooks.stop();
    const stopEngine = engine.stop(config.shutdownGraceMs, () => hooks.callsUnderWay > 0);
    await Promise.all([app.close().finally(cancelCut), stopEngine]);
    await pullQueues.idle();
    await store.close();
  };
  try {
    await declare({ store, keys, apiKeys, hooks, inboxes }, config);
    warnOfUnusableKeys(await keys.unusable(), log);
    warnOfUnusableKeys(await apiKeys.unusable(), log);
    pullQueues.start();
    await app.listen({ host: config.listen.host, port: config.listen.port });
    await engine.start();
  } catch (error) {
    await closeAll();
    throw error;
  }
  state = { ready: true };
  return { url: urlOf(app.server.address() as AddressInfo), close: closeAll };
}

async function openStore(config: Config, observer: StoreObserver): Promise<Store> {
  const { attemptRetentionMs, deadLetterRetentionMs } = config;
  const account = { name: "default", appId: config.accountAppId };
  const node = { name: hostname(), version: readVersion() };
  const shared = { account, node, attemptRetentionMs, deadLetterRetentionMs, observer };
  if (config.database !== "sqlite") {
    // Loaded only where it is wanted: most servers never speak to PostgreSQL.
    const { PostgresStore } = await import("./store/postgres/postgres-store.ts");
    return PostgresStore.open({ url: config.database, nodeAliveMs: config.nodeGoneAfterMs, ...shared });
  }
  const { databaseBytesMax: bytesMax, messageCacheBytes } = config;
  return SqliteStore.open({ folder: config.data, bytesMax, messageCacheBytes, ...shared });
}

interface Declaring {
  readonly store: Store;
  readonly keys: Keys;
  readonly apiKeys: ApiKeys;
  readonly hooks: Hooks;
  readonly inboxes: Inboxes;
}

/** Puts what the configuration file declares, as the API would. A refusal says where in the file it stands. */
async function declare({ store, keys, apiKeys, hooks, inboxes }: Declaring, config: Config): Promise<void> {
  for (const { kid, jwk, origin } of config.declaredKeys) await at(origin, () => keys.put(kid, jwk));
  for (const { name, pair, origin } of config.declaredApiKeys) await at(origin, () => apiKeys.put(name, pair));
  for (const { name, settings, origin } of config.declaredHooks) await at(origin, () => hooks.put(name, settings));
  for (const declared of config.declared) {
    const { topic } = await at(declared.origin, () =>
      store.catalog.putTopic(store.catalog.defaultAccount().id, declared.topic, declared.settings),
    );
    for (const { name, settings, start, origin } of declared.subscriptions) {
      await at(origin, async () => {
        await assertPushKeysFit(keys, settings);
        return store.catalog.putSubscription(topic.id, name, settings, start);
      });
    }
  }
  // After the topics that they publish into.
  for (const { name, settings, origin } of config.declaredInboxes) await at(origin, () => inboxes.put(name, settings));
}

/** Names enough to see which master key is missing. */
const unusableKeysNamedMax = 50;

function warnOfUnusableKeys(kids: readonly string[], log: Logger): void {
  if (kids.length === 0) return;
  const line = "these keys were put under a master key that is not configured: whatever needs them fails";
  log.warn({ count: kids.length, kids: kids.slice(0, unusableKeysNamedMax) }, line);
}

async function at<T>(origin: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof RingbackError)) throw error;
    throw new RingbackError(error.code, `${origin}: ${error.message}`, { details: error.details, cause: error });
  }
}

function urlOf({ address, family, port }: AddressInfo): string {
  return `http://${family === "IPv6" ? `[${address}]` : address}:${port}`;
}
