import { createAddressGuard } from "../../transport/address-guard.ts";
import { createEndpointRule } from "../../transport/endpoint-rule.ts";
import { clockAt } from "../../domain/testing/clock-at.ts";
import { randomBytes, randomInt } from "node:crypto";
import type { FastifyInstance } from "fastify";
import { createAuditLog } from "../../ops/audit-log.ts";
import { LimitedLog } from "../../ops/limited-log.ts";
import { createRequestLog, type RequestLog } from "../../ops/request-log.ts";
import { createLog } from "../../ops/log.ts";
import { createMetrics } from "../../ops/metrics.ts";
import type { Readiness } from "../../ops/health.ts";
import { systemClock, systemTimers, type Clock } from "../../domain/ports.ts";
import type { Store } from "../../store/store.ts";
import type { AccountInboxes } from "../../engine/inboxes/account-inboxes.ts";
import { InboxVerifier } from "../../engine/inboxes/inbox-verifier.ts";
import type { Inboxes } from "../../engine/inboxes/account-inboxes.ts";
import type { HookObserver } from "../../engine/observer.ts";
import { AccountEventTypes } from "../../engine/event-types/account-event-types.ts";
import { CompiledSchemas } from "../../engine/event-types/compiled-schemas.ts";
import { createTypeCheck } from "../../engine/event-types/type-check.ts";
import { createPublisher, type Publisher } from "../../engine/publisher.ts";
import { Replays } from "../../engine/replay/replays.ts";
import { PullQueues } from "../../engine/pull/pull-queues.ts";
import { AccountPulls } from "../../engine/pull/account-pulls.ts";
import { FaultyStore } from "../../engine/testing/faulty-store.ts";
import { RecordingObserver } from "../../engine/testing/recording-observer.ts";
import { SeededRandom } from "../../engine/testing/seeded-random.ts";
import { createApp } from "../app.ts";
import { limits } from "../../domain/limits.ts";
import { Access } from "../../engine/access/access.ts";
import type { AccountApiKeys } from "../../engine/access/account-api-keys.ts";
import { createServicesOf, type ServicesOf, type SharedServices } from "../../engine/account-services.ts";
import { AccountStatistics } from "../../engine/statistics/statistics.ts";
import { Audit } from "../../engine/audit/audit.ts";
import { AccountDeletion } from "../../engine/accounts/account-deletion.ts";
import { Accounts } from "../../engine/accounts/accounts.ts";
import { PublishLimits } from "../../engine/accounts/publish-limits.ts";
import { CallLimit } from "../../engine/hooks/call-limit.ts";
import { MemoryBudget } from "../../engine/hooks/memory-budget.ts";
import type { AccountQueues } from "../../engine/queues/account-queues.ts";
import { EventTail } from "../../engine/events/event-tail.ts";
import { EndpointVerifier, type VerifierOptions } from "../../engine/push/endpoint-verifier.ts";
import { LargeEncodings } from "../../engine/push/large-encodings.ts";
import { OnDemandLimit } from "../../engine/push/on-demand-limit.ts";
import { TestDeliveries } from "../../engine/push/test-delivery.ts";
import { OAuth2Tokens } from "../../engine/keys/oauth2-tokens.ts";
import { EndpointSecrets } from "../../engine/keys/endpoint-secrets.ts";
import { MasterKeyRotation } from "../../engine/keys/master-key-rotation.ts";
import { MasterKeys } from "../../engine/keys/master-key.ts";
import type { Transport } from "../../transport/port.ts";
import type { CallerRules } from "../../http/caller-rules.ts";
import type { Listeners } from "../../http/listeners.ts";
import type { HttpLimits } from "../../http/http-limits.ts";
import type { AccountLimits } from "../../domain/account-limits.ts";
import type { AccountId } from "../../domain/model.ts";
import type { EngineServices } from "../../engine/services.ts";
import { withOpaqueRecordIds } from "../../store/opaque-record-ids.ts";
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
  readonly pullQueues: PullQueues;
  readonly accounts: Accounts;
  readonly deletion: AccountDeletion;
  readonly access: Access;
  readonly audit: Audit;
  readonly servicesOf: ServicesOf;
  readonly verifier: EndpointVerifier;
  /** Of the default account. */
  readonly apiKeys: AccountApiKeys;
  readonly queues: AccountQueues;
  /** The lines of the log. Each line is JSON. */
  readonly logLines: string[];
  readonly requestLog: RequestLog;
  /** The lines of the log about changes. */
  readonly auditLines: string[];
  readiness: Readiness;
}

export const testMasterKey = Buffer.alloc(32, 7).toString("base64url");

/** Parts that a test replaces. */
export interface TestParts {
  /** Default: no request is slow. */
  readonly slowRequestMs?: number;
  readonly masterKeys?: readonly string[];
  /** Default: the server makes no master key. */
  readonly makeMasterKey?: () => string;
  /** Left out: the ids of subscriptions count. */
  readonly ids?: { readonly newId: () => number };
  /** Default: a transport whose POSTs all fail to connect. */
  readonly transport?: Transport;
  readonly hooks?: { readonly callsMax?: number; readonly memoryBytesMax?: number };
  readonly operatorToken?: string;
  /** Default: true, so that requests need no API key while there is no operator's key. */
  readonly isLocal?: boolean;
  /** Default: inboxes on the same store. */
  readonly inboxes?: Inboxes;
  /** Default: queues on the same store. */
  readonly pullQueues?: PullQueues;
  readonly isVerificationRequired?: boolean;
  readonly nowMs?: number;
  readonly callers?: CallerRules;
  readonly listeners?: Listeners;
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

/** The services that the test has made before those of the accounts. */
type SharedParts = Omit<
  SharedServices,
  "limitsOf" | "randomBytes" | "verifier" | "transport" | "requestId" | "calls" | "memory" | "queueFailed"
>;

/** The parts that all other parts depend on. A test sets the time that `clock` contains. */
function createFoundation({ nowMs = testNowMs, ids }: TestParts) {
  const clock = { nowMs };
  const common = { clock: clockAt(() => clock.nowMs), timers: systemTimers };
  const account = { name: "default", appId: 1 };
  const store = new FaultyStore({ ...common, random: new SeededRandom(1), account, ...ids });
  return { clock, shared: { ...common, store, events: new RecordedEvents() } };
}

async function createAccounts(shared: Pick<EngineServices, "store" | "events" | "observer" | "clock" | "timers">) {
  const { store, timers } = shared;
  const accounts = new Accounts({ store, randomInt: () => 0, failed });
  await accounts.start();
  const limitsOf = (accountId: AccountId): AccountLimits => accounts.limitsOf(accountId);
  const publishLimits = new PublishLimits({ ...shared, limitsOf, failed });
  accounts.onGone((accountId) => publishLimits.forget(accountId));
  const deletion = new AccountDeletion({ store, timers, accounts, failed });
  const schemas = new CompiledSchemas();
  const publisher = createPublisher({
    ...shared,
    checkTypes: createTypeCheck((accountId) => new AccountEventTypes({ store, accountId, schemas })),
    admit: (accountId, messages) => publishLimits.admit(accountId, messages),
  });
  return { accounts, deletion, publisher, schemas };
}

/** The services of the accounts, and the check of API keys. */
function createAccountParts(parts: TestParts, accounts: Accounts, shared: SharedParts) {
  const { store, pulls, clock } = shared;
  const created = createServicesOf(
    {
      ...shared,
      limitsOf: (accountId) => accounts.limitsOf(accountId),
      randomBytes,
      verifier: new InboxVerifier(shared),
      transport: parts.transport ?? unreachable,
      requestId: () => "1700000000000-7",
      calls: new CallLimit(parts.hooks?.callsMax ?? limits.hookCallsMax, () => accounts.areSeveral),
      memory: new MemoryBudget(parts.hooks?.memoryBytesMax ?? limits.hookMemoryBytesMax),
      queueFailed: failed,
    },
    (listener) => accounts.onGone(listener),
  );
  const servicesOf: ServicesOf = (accountId) => {
    const services = created(accountId);
    return parts.inboxes === undefined ? services : { ...services, inboxes: parts.inboxes as AccountInboxes };
  };
  pulls.sendDeadLetters((subscription) => servicesOf(subscription.accountId).queues.deadLetterTarget(subscription));
  const access = new Access({
    store,
    accounts,
    apiKeysOf: (accountId) => servicesOf(accountId).apiKeys,
    clock,
    operatorToken: parts.operatorToken ?? null,
    isLocal: parts.isLocal ?? true,
    failed,
  });
  return { access, servicesOf };
}

function metricsOf(store: Store) {
  return createMetrics({
    statistics: () => store.records.statistics(),
    nodes: () => store.cluster.nodes(),
    connections: () => store.cluster.connections(),
    openSockets: () => 8,
    subscriptions: {
      shownMax: 10,
      accountNameOf: () => "default",
      senderState: () => null,
      records: () => store.records,
      clock: systemClock,
    },
    machine: { version: "1.2.3", driver: "memory", databaseBytesMax: null, disk: async () => null },
    background: { openBreakers: () => ({ subscription: 0, origin: 0 }), suppressedEvents: () => 0, spans: () => null },
  });
}

function createAudit(store: Store, clock: Clock, accounts: Pick<Accounts, "nameOf">) {
  const auditLines: string[] = [];
  const destination = { write: (line: string) => void auditLines.push(line) };
  const log = createAuditLog(createLog({ level: "info", pretty: false, destination }), (id) => accounts.nameOf(id));
  return { audit: new Audit({ store, clock, randomInt, ...log }), auditLines };
}

/** The parts that send requests on demand. */
function createRequesters(
  { transport = unreachable, isVerificationRequired: isRequired = false }: TestParts,
  shared: Pick<VerifierOptions, "store" | "events" | "clock" | "timers" | "endpointSecrets">,
  servicesOf: ServicesOf,
) {
  const tokens = new OAuth2Tokens({ ...shared, transport });
  const common = { ...shared, transport, tokens, failed, isTracing: false };
  const verifier = new EndpointVerifier({ ...common, randomBytes, publicName: "ringback.test", isRequired });
  const tests = new TestDeliveries({
    ...common,
    random: new SeededRandom(2),
    largeEncodings: new LargeEncodings(shared.timers),
    keyRingOf: (accountId) => servicesOf(accountId).keys,
    appIdOf: () => 1,
  });
  return { verifier, tests, onDemand: new OnDemandLimit(shared.clock) };
}

function createLogs({ slowRequestMs = Infinity }: TestParts) {
  const logLines: string[] = [];
  const log = createLog({ level: "info", pretty: false, destination: { write: (line) => void logLines.push(line) } });
  const lines = new LimitedLog(log, { after: () => () => {}, soon: () => {} });
  return { log, logLines, requestLog: createRequestLog(lines, slowRequestMs) };
}

/** Real: the HTTP application, publisher, pulls and inboxes, on the memory driver. Faked: events, transport, clock. */
/** Tests of the API count nothing. */
const uncounted = { present: () => null, writer: "test" };

export async function createTestApp(config: Partial<HttpLimits> = {}, parts: TestParts = {}): Promise<TestApp> {
  const { clock, shared } = createFoundation(parts);
  const { store, events, clock: ticking } = shared;
  const { log, logLines, requestLog } = createLogs(parts);
  const safe = {
    store,
    masterKeys: new MasterKeys(parts.masterKeys ?? [testMasterKey]),
    failed: (error: unknown, name: string) => log.error({ err: error, name }, "a key cannot be opened"),
  };
  const testApp: Pick<TestApp, "readiness"> = { readiness: { ready: true } };
  const metrics = metricsOf(store);
  const observer = new RecordingObserver();
  const endpointRule = createEndpointRule(createAddressGuard({ allowPrivateNetworks: true }));
  const { accounts, deletion, publisher, schemas } = await createAccounts({ ...shared, observer });
  const pullQueues =
    parts.pullQueues ?? new PullQueues({ ...shared, isShared: () => accounts.areSeveral, observer, failed });
  if (parts.pullQueues === undefined) pullQueues.start();
  const accountPulls = new AccountPulls({ ...shared, pullQueues, observer });
  const pulls = new RecordedPulls(accountPulls);
  const endpointSecrets = new EndpointSecrets({ ...safe, clock: ticking });
  const shownHookCalls: HookObserver = { hookCalled: (...call) => metrics.observer.hookCalled(...call) };
  const { access, servicesOf } = createAccountParts(parts, accounts, {
    ...shared,
    ...safe,
    observer: Object.assign(observer, shownHookCalls),
    publisher,
    schemas,
    pullQueues,
    pulls: accountPulls,
    endpointRule,
    endpointSecrets,
  });
  const { audit, auditLines } = createAudit(store, ticking, accounts);
  const accountIds = () => accounts.ids();
  const rotation = { ...safe, endpointSecrets, accountIds, holdersOf: servicesOf };
  const requesters = createRequesters(parts, { ...shared, endpointSecrets }, servicesOf);
  const { verifier } = requesters;
  const app = await createApp({
    store: await withOpaqueRecordIds(store),
    publisher,
    accounts,
    access,
    audit,
    servicesOf,
    masterKeyRotation: new MasterKeyRotation({ ...rotation, makeKey: parts.makeMasterKey ?? (() => null) }),
    endpointSecrets,
    endpointRule,
    ...requesters,
    pulls,
    replays: new Replays({ ...shared, failed }),
    events,
    eventTail: new EventTail({ ...shared, limitsOf: (accountId) => accounts.limitsOf(accountId), failed }),
    requestLog,
    metrics,
    statistics: new AccountStatistics({ store, clock: ticking, recorder: uncounted }),
    senderState: () => null,
    log,
    version: "0.0.0-test",
    ready: () => testApp.readiness,
    clock: ticking,
    config,
    callers: parts.callers ?? everyHost,
    ...(parts.listeners === undefined ? {} : { listeners: parts.listeners }),
  });
  const { apiKeys, queues } = servicesOf(store.catalog.defaultAccount().id);
  const made = { deletion, clock, store, events, publisher, accountPulls, pulls, accounts, access, servicesOf };
  const logs = { requestLog, logLines, auditLines };
  return Object.assign(testApp, { ...made, ...logs, app, pullQueues, audit, verifier, apiKeys, queues });
}

function failed(error: unknown): void {
  throw error;
}
