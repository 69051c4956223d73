import { randomBytes, randomInt } from "node:crypto";
import { hostname } from "node:os";
import type { AddressInfo } from "node:net";
import type { FastifyInstance } from "fastify";
import type { Logger } from "pino";
import { createApp } from "./api/app.ts";
import { portalOf } from "./api/portal-branding.ts";
import { createAccountServices } from "./create-account-services.ts";
import { createAccounts } from "./create-accounts.ts";
import { createEvents } from "./create-events.ts";
import { createRecorders } from "./create-recorders.ts";
import { addCmqApi } from "./compat/cmq/api.ts";
import { cloudHosts } from "./compat/cmq/cloud-hosts.ts";
import { addWechatApi } from "./compat/wechat/api.ts";
import { type Config, isLocal } from "./config/config.ts";
import { declareResources } from "./config/declare.ts";
import { replaceMasterKey } from "./config/master-key-file.ts";
import { readTlsFiles, type TlsFiles } from "./config/tls-files.ts";
import { version } from "./config/version.ts";
import { dashboardFolder } from "./dashboard/dashboard-folder.ts";
import { dashboardRoutes } from "./dashboard/dashboard-routes.ts";
import { systemClock, systemRandom, systemTimers } from "./domain/ports.ts";
import type { AccountId } from "./domain/model.ts";
import { Access } from "./engine/access/access.ts";
import type { ServicesOf } from "./engine/account-services.ts";
import { Audit } from "./engine/audit/audit.ts";
import type { Accounts } from "./engine/accounts/accounts.ts";
import { Engine } from "./engine/engine.ts";
import { createAuditLog } from "./ops/audit-log.ts";
import { createBusyShare } from "./ops/busy-share.ts";
import { reportEarlyRefusals } from "./ops/early-refusals.ts";
import { createRequestLog } from "./ops/request-log.ts";
import { LimitedLog } from "./ops/limited-log.ts";
import { createDeliveryLog } from "./ops/delivery-log.ts";
import { createTypeCheck } from "./engine/event-types/type-check.ts";
import { createEventBus } from "./engine/event-bus.ts";
import { OnDemandLimit } from "./engine/push/on-demand-limit.ts";
import { QueueTransport } from "./engine/queues/queue-transport.ts";
import { Listeners } from "./http/listeners.ts";
import { StaticFiles } from "./http/static-files.ts";
import { readDiskSpace } from "./ops/disk-space.ts";
import { logClockJump, logClockJumps } from "./ops/clock-jumps.ts";
import { EndpointSecrets } from "./engine/keys/endpoint-secrets.ts";
import { MasterKeyRotation } from "./engine/keys/master-key-rotation.ts";
import type { Readiness } from "./ops/health.ts";
import { createMetrics } from "./ops/metrics.ts";
import { loadTracing } from "./load-tracing.ts";
import { assertHasKey, warnOfSecrets } from "./config/start-checks.ts";
import { openStore } from "./open-store.ts";
import { watchCertificate } from "./watch-certificate.ts";
import { createAddressGuard } from "./transport/address-guard.ts";
import { createDirectRule } from "./transport/direct-rule.ts";
import { parseEgressProxy } from "./transport/egress-proxy.ts";
import { createEndpointRule } from "./transport/endpoint-rule.ts";
import { createTransport } from "./transport/transport-by-scheme.ts";

export interface RunningServer {
  /** The URL that the server listens on, such as `http://127.0.0.1:8000`. */
  readonly url: string;
  /** The URL of `opsListen`. */
  readonly opsUrl: string | null;
  /** The URL of `publicListen`. */
  readonly publicUrl: string | null;
  /** Stops accepting requests, finishes or releases running work, and ends. Takes at most about `shutdownGraceMs`. */
  close(): Promise<void>;
}

type Foundation = Awaited<ReturnType<typeof createFoundation>>;
type Services = ReturnType<typeof createServices>;

/** The composition root: the only file that creates the parts of the server and connects them. */
export async function startServer(config: Config, { log }: { log: Logger }): Promise<RunningServer> {
  const tlsFiles = await readTlsFiles(config);
  const foundation = await createFoundation(config, log);
  const listeners = createListeners(foundation, tlsFiles);
  const stopClockLog = logClockJumps(systemClock, systemTimers, log);
  const services = createServices(foundation);
  let readiness: Readiness = { ready: false, reason: "starting" };
  const app = await createHttpApp(foundation, services, listeners, () => readiness);
  const stopTlsWatch = watchCertificate(config, log, tlsFiles, listeners);
  const close = async (): Promise<void> => {
    readiness = { ready: false, reason: "stopping" };
    stopClockLog();
    stopTlsWatch();
    await closeServer(foundation, services, listeners, app);
  };
  try {
    await services.accounts.start();
    await declareResources({ ...foundation, ...services }, config);
    await assertHasKey(services.access);
    await warnOfSecrets({ ...foundation, ...services });
    services.pullQueues.start();
    await app.listen({ host: config.listen.host, port: config.listen.port });
    const urlOf = (address: AddressInfo | null) => address && urlOfAddress(address, tlsFiles !== null);
    const opsUrl = urlOf(await listeners.open("ops"));
    const publicUrl = urlOf(await listeners.open("public"));
    if (await services.access.isOpen()) {
      log.warn(
        "the server is open: every program on this machine can use it; `ringback api-keys create --role operator` ends that",
      );
    }
    await services.engine.start();
    services.deletion.start();
    services.producers.start();
    foundation.recorders.start();
    readiness = { ready: true };
    return { url: urlOf(app.server.address() as AddressInfo) ?? "", opsUrl, publicUrl, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function createListeners({ config, lines, metrics }: Foundation, certificate: TlsFiles | null): Listeners {
  const { opsListen, publicListen, trustedProxies, connectionsPerSourceMax } = config;
  return new Listeners({
    certificate,
    trustedProxies,
    connectionsPerSourceMax,
    addresses: { ops: opsListen, public: publicListen },
    ...reportEarlyRefusals(lines, metrics.requests),
  });
}

/** Members of later parts that the metrics, the log and the traces read. */
interface RunningParts {
  accountNameOf: (accountId: AccountId) => string;
  senderState: Engine["senderState"];
  openBreakers: Engine["openBreakers"];
  suppressedEvents: () => number;
}

/** Creates the parts that all other parts depend on, such as the store. */
async function createFoundation(config: Config, log: Logger) {
  const events = createEventBus((error) => log.error({ err: error }, "a listener for live events failed"));
  const lines = new LimitedLog(log, systemTimers);
  const { allowPrivateNetworks, allowedAddresses } = config;
  const addresses = { allowPrivateNetworks, allowedAddresses };
  const transport = createTransport({
    ...addresses,
    proxy: parseEgressProxy(config.egressProxy) ?? undefined,
    isDirect: createDirectRule(config.egressProxyExcept),
  });
  const endpointRule = createEndpointRule(createAddressGuard(addresses));
  const running: RunningParts = {
    accountNameOf: String,
    senderState: () => null,
    openBreakers: () => ({ subscription: 0, origin: 0 }),
    suppressedEvents: () => 0,
  };
  const accountNameOf = (accountId: AccountId): string => running.accountNameOf(accountId);
  const tracing = await loadTracing(config, log, accountNameOf);
  const metrics = createMetrics({
    statistics: () => store.records.statistics(),
    nodes: () => store.cluster.nodes(),
    connections: () => store.cluster.connections(),
    openSockets: () => transport.openSockets(),
    subscriptions: {
      shownMax: config.metricsSubscriptionsMax,
      accountNameOf,
      senderState: (id) => running.senderState(id),
      records: () => store.records,
      clock: systemClock,
    },
    background: {
      openBreakers: () => running.openBreakers(),
      suppressedEvents: () => running.suppressedEvents(),
      spans: () => tracing?.counts() ?? null,
    },
    machine: {
      version,
      driver: config.database === "sqlite" ? "sqlite" : "postgres",
      databaseBytesMax: config.database === "sqlite" && config.databaseBytesMax > 0 ? config.databaseBytesMax : null,
      disk: async () => (config.database === "sqlite" ? readDiskSpace(config.data).catch(() => null) : null),
    },
  });
  const deliveryLog = createDeliveryLog({ log: lines, clock: systemClock, accountNameOf });
  const clockJumped = (byMs: number): void => logClockJump(log, "database", byMs);
  const { store, masterKeys } = await openStore(config, log, { ...metrics.observer, clockJumped });
  const failed = (error: unknown): void => log.error({ err: error, during: "records" }, "background work failed");
  const { statistics, recorders, recorded } = createRecorders({ store, config, failed });
  const spans = tracing === null ? [] : [tracing.deliveries];
  const observer = recorded(metrics.observer, deliveryLog, ...spans);
  const reports = { log, lines, deliveryLog, tracing, observer, running, events, metrics, statistics, recorders };
  return { config, store, masterKeys, transport, endpointRule, ...reports };
}

/** True: the server makes its master key itself, in the data folder. */
function keepsOwnMasterKey({ database, masterKey }: Config): boolean {
  return database === "sqlite" && masterKey.length === 0;
}

function createServices(foundation: Foundation) {
  const { config, log, deliveryLog, tracing, observer, running, store, masterKeys, transport, endpointRule, events } =
    foundation;
  const failedDuring = (during: string) => (error: unknown) =>
    log.error({ err: error, during }, "background work failed");
  const sealing = {
    masterKeys,
    failed: (error: unknown, key: string) => log.error({ err: error, key }, "a stored key is damaged"),
  };
  const endpointSecrets = new EndpointSecrets({ ...sealing, clock: systemClock });
  const shared = { store, events, observer, clock: systemClock, timers: systemTimers };
  const { accounts, limitsOf, publishLimits, deletion } = createAccounts(shared, failedDuring, {
    refused: (...given) => producers.limitsReached.refused(...given),
  });
  const isShared = (): boolean => accounts.areSeveral;
  const engine = new Engine({
    ...shared,
    admit: (accountId, messages) => publishLimits.admit(accountId, messages),
    checkTypes: createTypeCheck((accountId) => servicesOf(accountId).eventTypes),
    transport: new QueueTransport({
      others: transport,
      queuesOf: (accountId) => servicesOf(accountId).queues,
      clock: systemClock,
      failed: failedDuring("queues"),
    }),
    tracer: tracing?.publishTracer ?? null,
    random: systemRandom,
    keyRingOf: (accountId) => servicesOf(accountId).keys,
    appIdOf: (accountId) => accounts.appIdOf(accountId),
    log: deliveryLog,
    endpointSecrets,
    isShared,
    busyShare: createBusyShare(),
    inFlightMax: config.inFlightMax,
    randomBytes,
    publicName: config.publicName === "" ? hostname() : config.publicName,
    isVerificationRequired: config.endpointVerification === "required",
    failed: (error, during) => failedDuring(during)(error),
  });
  running.senderState = (id) => engine.senderState(id);
  running.openBreakers = () => engine.openBreakers();
  running.accountNameOf = (accountId) => accounts.nameOf(accountId);
  const { publisher, verifier, tests } = engine;
  const onDemand = new OnDemandLimit(systemClock, isShared);
  accounts.onGone((accountId) => onDemand.forget(accountId));
  const { servicesOf, pullQueues, pulls, hookCalls } = createAccountServices({
    ...shared,
    ...sealing,
    accounts,
    limitsOf,
    transport,
    endpointRule,
    endpointSecrets,
    publisher,
    failedDuring,
  });
  const control = createControl(foundation, { accounts, servicesOf, endpointSecrets });
  const { producers, eventTail } = createEvents({
    ...shared,
    config,
    log,
    accounts,
    servicesOf,
    failed: failedDuring("events"),
  });
  running.suppressedEvents = () => producers.messages.suppressedTotal;
  const background = { publishLimits, deletion, hookCalls, pullQueues, producers, eventTail, tracing };
  return { engine, verifier, tests, onDemand, accounts, servicesOf, endpointSecrets, pulls, ...control, ...background };
}

/** The check of API keys, and the change of the master key. */
function createControl(
  { config, log, store, masterKeys }: Foundation,
  parts: { readonly accounts: Accounts; readonly servicesOf: ServicesOf; readonly endpointSecrets: EndpointSecrets },
) {
  const { accounts, servicesOf, endpointSecrets } = parts;
  const access = new Access({
    store,
    accounts,
    apiKeysOf: (accountId) => servicesOf(accountId).apiKeys,
    clock: systemClock,
    operatorToken: config.operatorToken === "" ? null : config.operatorToken,
    isLocal: isLocal(config),
    failed: (error) => log.error({ err: error, during: "access" }, "background work failed"),
  });
  const masterKeyRotation = new MasterKeyRotation({
    store,
    masterKeys,
    endpointSecrets,
    accountIds: () => accounts.ids(),
    holdersOf: servicesOf,
    makeKey: () => (keepsOwnMasterKey(config) ? replaceMasterKey(config.data) : null),
  });
  const audit = new Audit({
    store,
    clock: systemClock,
    randomInt,
    ...createAuditLog(log, (id) => accounts.nameOf(id)),
  });
  return { access, audit, masterKeyRotation };
}

async function createHttpApp(
  { config, log, lines, store, endpointRule, events, metrics, statistics }: Foundation,
  services: Services,
  listeners: Listeners,
  ready: () => Readiness,
): Promise<FastifyInstance> {
  const { engine, verifier, accounts, access, audit, servicesOf, masterKeyRotation, endpointSecrets, pulls } = services;
  const { tests, onDemand, eventTail } = services;
  const { publisher, replays } = engine;
  const shared = {
    store,
    events,
    clock: systemClock,
    endpointRule,
    verifier,
    accounts,
    access,
    audit,
    servicesOf,
  };
  const requestLog = createRequestLog(lines, config.slowRequestMs);
  const app = await createApp({
    ...shared,
    log,
    publisher,
    tests,
    onDemand,
    masterKeyRotation,
    endpointSecrets,
    pulls,
    eventTail,
    replays,
    metrics,
    statistics,
    requestLog,
    senderState: (id) => engine.senderState(id),
    version,
    ready,
    listeners,
    callers: {
      listenHost: config.listen.host,
      machineName: hostname(),
      allowedHosts: [...config.allowedHosts, ...cloudHosts],
      allowedOrigins: config.allowedOrigins,
    },
  });
  const { failed } = requestLog;
  const page = config.dashboard ? serveDashboard(app, shared) : null;
  await addWechatApi(app, { ...shared, failed, randomBytes, topic: config.wechatTopic });
  await addCmqApi(app, {
    ...shared,
    failed,
    publisher,
    randomBytes,
    timestampWindowMs: config.cmqTimestampWindowMs,
    refuseReplays: config.cmqRefuseReplays,
    ...(page !== null && { page }),
  });
  return app;
}

/** Returns the page at `/`. */
function serveDashboard(app: FastifyInstance, parts: Parameters<typeof portalOf>[0]) {
  const folder = dashboardFolder();
  const frameAncestorsOf = async (linkId: string) => (await portalOf(parts, linkId))?.portal?.frameAncestors ?? [];
  return dashboardRoutes(app, { files: folder === null ? null : StaticFiles.of(folder), frameAncestorsOf });
}

async function closeServer(
  { config, store, lines, recorders }: Foundation,
  services: Services,
  listeners: Listeners,
  app: FastifyInstance,
): Promise<void> {
  const { engine, access, publishLimits, deletion, hookCalls, pullQueues, producers, tracing } = services;
  // Clients and endpoints have the same grace period. Neither a slow client nor a hanging endpoint can delay the end of
  // the process.
  const cancelTimer = systemTimers.after(config.shutdownGraceMs, () => listeners.closeConnections());
  hookCalls.close();
  const stopEngine = engine.stop(config.shutdownGraceMs, () => hookCalls.running > 0);
  await Promise.all([app.close().finally(cancelTimer), stopEngine]);
  await pullQueues.idle();
  await access.stop();
  await publishLimits.stop();
  await deletion.stop();
  await producers.stop();
  await recorders.stop();
  await tracing?.stop();
  await store.close();
  lines.close();
}

function urlOfAddress({ address, family, port }: AddressInfo, hasTls: boolean): string {
  return `${hasTls ? "https" : "http"}://${family === "IPv6" ? `[${address}]` : address}:${port}`;
}
