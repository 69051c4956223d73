import { randomBytes, randomInt, randomUUID } from "node:crypto";
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
import type { AccountLimits } from "./domain/account-limits.ts";
import type { AccountId } from "./domain/model.ts";
import { systemClock, systemRandom, systemTimers } from "./domain/ports.ts";
import { RingbackError } from "./domain/errors.ts";
import { isLoopbackHost } from "./domain/host.ts";
import { limits } from "./domain/limits.ts";
import { Access } from "./engine/access/access.ts";
import { createServicesOf } from "./engine/account-services.ts";
import { AccountDeletion } from "./engine/accounts/account-deletion.ts";
import { Accounts } from "./engine/accounts/accounts.ts";
import { PublishLimits } from "./engine/accounts/publish-limits.ts";
import { CallLimit } from "./engine/hooks/call-limit.ts";
import { MemoryBudget } from "./engine/hooks/memory-budget.ts";
import { Engine } from "./engine/engine.ts";
import { createEngineLog } from "./ops/engine-log.ts";
import { createEventBus } from "./engine/event-bus.ts";
import { AccountPulls } from "./engine/pull/account-pulls.ts";
import { PullQueues } from "./engine/pull/pull-queues.ts";
import { QueueTransport } from "./engine/queues/queue-transport.ts";
import { logClockJump, logClockJumps } from "./ops/clock-jumps.ts";
import { PushHeaders } from "./engine/keys/push-headers.ts";
import { withUnusableHeaders } from "./engine/keys/stored-headers.ts";
import type { Readiness } from "./ops/health.ts";
import { createMetrics } from "./ops/metrics.ts";
import { withOpaqueRecordIds } from "./store/opaque-record-ids.ts";
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
    await services.accounts.start();
    await declareResources({ ...foundation, ...services }, config);
    await assertHasKey(services.access, config, log);
    await warnOfSecrets({ ...foundation, ...services });
    services.pullQueues.start();
    await app.listen({ host: config.listen.host, port: config.listen.port });
    await services.engine.start();
    services.deletion.start();
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
  const opened = await openStore(config, { ...metrics.observer, clockJumped }, log);
  const store = await withOpaqueRecordIds(opened);
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

function createServices(foundation: Foundation) {
  const { config, log, store, masterKeys, transport, endpointRule, events, metrics } = foundation;
  const failedDuring = (during: string) => (error: unknown) =>
    log.error({ err: error, during }, "background work failed");
  const sealing = {
    masterKeys,
    failed: (error: unknown, key: string) => log.error({ err: error, key }, "a stored key is damaged"),
  };
  const accounts = new Accounts({ store, randomInt, failed: failedDuring("accounts") });
  const pushHeaders = new PushHeaders(sealing);
  const shared = { store, events, observer: metrics.observer, clock: systemClock, timers: systemTimers };
  const isShared = (): boolean => accounts.areSeveral;
  const limitsOf = (accountId: AccountId): AccountLimits => accounts.limitsOf(accountId);
  const publishLimits = new PublishLimits({ ...shared, limitsOf, failed: failedDuring("account limits") });
  accounts.onGone((accountId) => publishLimits.forget(accountId));
  const deletion = new AccountDeletion({ ...shared, accounts, failed: failedDuring("account deletion") });
  const engine = new Engine({
    ...shared,
    admit: (accountId, messages) => publishLimits.admit(accountId, messages),
    transport: new QueueTransport({
      others: transport,
      queuesOf: (accountId) => servicesOf(accountId).queues,
      clock: systemClock,
      failed: failedDuring("queues"),
    }),
    random: systemRandom,
    keyRingOf: (accountId) => servicesOf(accountId).keys,
    appIdOf: (accountId) => accounts.appIdOf(accountId),
    log: createEngineLog(log),
    pushHeaders,
    isShared,
    inFlightMax: config.inFlightMax,
    failed: (error, during) => failedDuring(during)(error),
  });
  const { publisher } = engine;
  const pullQueues = new PullQueues({ ...shared, isShared, failed: failedDuring("pulls") });
  const pulls = new AccountPulls({ ...shared, pullQueues });
  const hookCalls = new CallLimit(limits.hookCallsMax, isShared);
  const servicesOf = createServicesOf(
    {
      ...shared,
      ...sealing,
      limitsOf,
      randomBytes,
      transport,
      endpointRule,
      requestId: randomUUID,
      calls: hookCalls,
      memory: new MemoryBudget(limits.hookMemoryBytesMax),
      publisher,
      pullQueues,
      pulls,
      queueFailed: failedDuring("queues"),
    },
    (listener) => accounts.onGone(listener),
  );
  pulls.sendDeadLetters((subscription) => servicesOf(subscription.accountId).queues.deadLetterTarget(subscription));
  const access = new Access({
    store,
    accounts,
    apiKeysOf: (accountId) => servicesOf(accountId).apiKeys,
    clock: systemClock,
    operatorToken: config.operatorToken === "" ? null : config.operatorToken,
    isLocal: isLoopbackHost(config.listen.host),
    failed: failedDuring("access"),
  });
  return { engine, accounts, access, publishLimits, deletion, servicesOf, pushHeaders, hookCalls, pulls, pullQueues };
}

async function createHttpApp(
  { config, log, store, endpointRule, events, metrics }: Foundation,
  { engine, accounts, access, servicesOf, pushHeaders, pulls }: Services,
  ready: () => Readiness,
): Promise<FastifyInstance> {
  const { publisher } = engine;
  const shared = { store, events, log, clock: systemClock, endpointRule, accounts, access, servicesOf };
  const app = await createApp({
    ...shared,
    publisher,
    pushHeaders,
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
    randomBytes,
    timestampWindowMs: config.cmqTimestampWindowMs,
    refuseReplays: config.cmqRefuseReplays,
  });
  return app;
}

async function closeServer({ config, store }: Foundation, services: Services, app: FastifyInstance): Promise<void> {
  const { engine, access, publishLimits, deletion, hookCalls, pullQueues } = services;
  // Clients and endpoints have the same grace period. Neither a slow client nor a hanging endpoint can delay the end of
  // the process.
  const cancelTimer = systemTimers.after(config.shutdownGraceMs, () => app.server.closeAllConnections());
  hookCalls.close();
  const stopEngine = engine.stop(config.shutdownGraceMs, () => hookCalls.running > 0);
  await Promise.all([app.close().finally(cancelTimer), stopEngine]);
  await pullQueues.idle();
  await access.stop();
  await publishLimits.stop();
  await deletion.stop();
  await store.close();
}

/**
 * A server that other machines can reach must not be open. Throws `api_key_missing` if nobody could use the server,
 * because it has no operator's key.
 */
async function assertHasKey(access: Access, config: Config, log: Logger): Promise<void> {
  if (await access.isOpen()) {
    log.warn("the server is open: every program on this machine can use it; `ringback api-keys create` ends that");
  } else if (!(await access.hasOperator())) {
    throw new RingbackError(
      "api_key_missing",
      `The server would listen on ${config.listen.host}, which other machines can reach, but there is no operator's API ` +
        "key. Create the first one with `ringback api-keys create --role operator` and the same --data or --database, or " +
        "set RINGBACK_OPERATOR_TOKEN (or RINGBACK_OPERATOR_TOKEN_FILE).",
    );
  }
}

/** Secrets that one log line names. This number is enough to find out which master key is missing. */
const namedSecretsMax = 50;

async function warnOfSecrets(given: Foundation & Services): Promise<void> {
  const { log, store, accounts, servicesOf, pushHeaders } = given;
  const missing = "because the master key that they were stored with is not configured";
  for (const { id, name } of accounts.active()) {
    const { keys, apiKeys } = servicesOf(id);
    for (const kids of [await keys.unusable(), await apiKeys.unusable()]) {
      const named = { account: name, count: kids.length, kids: kids.slice(0, namedSecretsMax) };
      if (kids.length > 0) log.warn(named, `these keys cannot be decrypted, ${missing}`);
    }
  }
  const unusable = await withUnusableHeaders({ store, pushHeaders });
  const named = { count: unusable.length, subscriptions: unusable.slice(0, namedSecretsMax) };
  if (unusable.length > 0) log.warn(named, `the push headers of these subscriptions cannot be decrypted, ${missing}`);
}

function urlOf({ address, family, port }: AddressInfo): string {
  return `http://${family === "IPv6" ? `[${address}]` : address}:${port}`;
}
