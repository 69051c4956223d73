import type { AccountId, Disablement, Subscription, SubscriptionId } from "../domain/model.ts";
import type { Random } from "../domain/ports.ts";
import { WriteConflict } from "../domain/write-condition.ts";
import type { Transport } from "../transport/port.ts";
import { BacklogWatch } from "./backlog-watch.ts";
import { Dispatcher } from "./push/dispatcher.ts";
import { engineLimits } from "./engine-limits.ts";
import type { EngineLog } from "./engine-log.ts";
import type { KeyRing } from "./keys/keys.ts";
import type { EndpointSecretReader } from "./keys/endpoint-secrets.ts";
import { OAuth2Tokens } from "./keys/oauth2-tokens.ts";
import type { Admit, Publisher } from "./publisher.ts";
import { createPublisher } from "./publisher.ts";
import { EndpointVerifier } from "./push/endpoint-verifier.ts";
import { FailingPace } from "./push/failing-pace.ts";
import { LargeEncodings } from "./push/large-encodings.ts";
import { requestIds } from "./push/request-ids.ts";
import type { SenderState } from "./push/sender-state.ts";
import { Settler } from "./push/settler.ts";
import { Replays } from "./replay/replays.ts";
import { Slots } from "./push/slots.ts";
import { TestDeliveries } from "./push/test-delivery.ts";
import type { EngineServices } from "./services.ts";
import { type PublishTracer, tracedPublisher } from "./tracing.ts";

export interface EngineOptions extends Omit<EngineServices, "failed"> {
  readonly transport: Transport;
  /** Left out: every message is admitted. */
  readonly admit?: Admit;
  /** null: Ringback makes no spans, and sends the trace context of each message on as it came. */
  readonly tracer: PublishTracer | null;
  readonly random: Random;
  readonly keyRingOf: (accountId: AccountId) => KeyRing;
  /** The number that some dialects send to identify the account. */
  readonly appIdOf: (accountId: AccountId) => number;
  readonly log: EngineLog;
  readonly endpointSecrets: EndpointSecretReader;
  /** Whether the server has several accounts, which share the limits. Left out: it has one. */
  readonly isShared?: () => boolean;
  /** See `ReplaysOptions`. */
  readonly busyShare?: () => number;
  /** The most POSTs in flight for all subscriptions together. */
  readonly inFlightMax: number;
  /** Cryptographically secure random bytes. */
  readonly randomBytes: (count: number) => Uint8Array;
  /** The server's name, which CloudEvents endpoints see as the origin of the events. */
  readonly publicName: string;
  /** True: every new URL must be verified before it gets messages. */
  readonly isVerificationRequired: boolean;
  /** Receives errors of background work, which has no caller. `during` describes that work. */
  readonly failed: (error: unknown, during: string) => void;
}

/** Publishes and delivers messages and removes expired ones. The caller closes the store. */
export class Engine {
  readonly publisher: Publisher;
  readonly verifier: EndpointVerifier;
  readonly replays: Replays;
  readonly tests: TestDeliveries;
  readonly #options: EngineOptions;
  readonly #settler: Settler;
  readonly #dispatcher: Dispatcher;
  #cancelRetention: (() => void) | null = null;
  #retaining: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(options: EngineOptions) {
    this.#options = options;
    const publisher = createPublisher(options);
    this.publisher = options.tracer === null ? publisher : tracedPublisher(publisher, options.tracer);
    this.#settler = new Settler(options.store, options.timers, (error) => options.failed(error, "settle"));
    this.replays = new Replays({ ...options, failed: (error) => options.failed(error, "replays") });
    const tokens = new OAuth2Tokens(options);
    const backlogs = new BacklogWatch(options);
    this.verifier = new EndpointVerifier({
      ...options,
      tokens,
      isRequired: options.isVerificationRequired,
      failed: (error) => options.failed(error, "verify"),
    });
    const largeEncodings = new LargeEncodings(options.timers);
    const posting = {
      ...options,
      tokens,
      largeEncodings,
      isTracing: options.tracer !== null,
      failed: (error: unknown) => options.failed(error, "send"),
    };
    this.tests = new TestDeliveries(posting);
    this.#dispatcher = new Dispatcher(
      options.store,
      {
        ...posting,
        settler: this.#settler,
        slots: new Slots(options.inFlightMax, options.isShared, new FailingPace(options)),
        nextRequestId: requestIds(options.random),
        gone: (subscription, why) => this.#disableSoon(subscription, why),
        disable: (subscription, why) => this.#disableSoon(subscription, why),
        found: (ids) => backlogs.check(ids),
        unverified: (subscription) => this.verifier.request(subscription),
      },
      (error) => options.failed(error, "dispatch"),
    );
  }

  /** See `Dispatcher.senderState`. */
  senderState(id: SubscriptionId): SenderState | null {
    return this.#dispatcher.senderState(id);
  }

  /** The breakers that are open in this process, by scope. */
  openBreakers() {
    return this.#dispatcher.openBreakers();
  }

  async start(): Promise<void> {
    await this.#dispatcher.start();
    this.replays.start();
    this.#scheduleRetention(engineLimits.retentionStepMs);
  }

  /**
   * Stops claiming, waits up to `graceMs` for the POSTs in flight, aborts the rest, closes the transport and records
   * every outcome that the disk accepts. Aborted deliveries are sent again after the next start. `isTransportInUse`:
   * true while hook calls use the transport.
   */
  async stop(graceMs: number, isTransportInUse: () => boolean = () => false): Promise<void> {
    this.#stopped = true;
    this.#cancelRetention?.();
    this.#dispatcher.stop();
    this.#settler.stop();
    this.verifier.stop();
    this.replays.stop();
    await this.#drained(graceMs, isTransportInUse);
    await this.#options.transport.close();
    await this.verifier.idle();
    await this.replays.idle();
    await this.#dispatcher.quiet();
    await this.#retaining;
    await this.#settler.idle();
  }

  #disableSoon(subscription: Subscription, why: Disablement): void {
    this.#disable(subscription, why).catch((error: unknown) => this.#options.failed(error, "disable"));
  }

  /**
   * Disables a subscription unless it has changed since the sender decided to: somebody may have paused or resumed it,
   * or given it another URL. So of several POSTs that get the reply 410 at the same time, and of several nodes, one
   * disables it.
   */
  async #disable(subscription: Subscription, why: Disablement): Promise<void> {
    const { accountId, topicId, topic, name, state } = subscription;
    if (state !== "active") return;
    const { store, events, log } = this.#options;
    try {
      if ((await store.catalog.setSubscriptionState(topicId, name, why, subscription)) === null) return;
    } catch (error) {
      if (error instanceof WriteConflict) return;
      throw error;
    }
    log.disabled(subscription, why);
    const { atMs, ...by } = why;
    events.emit({ type: "subscription.disabled", accountId, at: atMs, topic, subscription: name, ...by });
  }

  async #drained(graceMs: number, isTransportInUse: () => boolean): Promise<void> {
    const { clock, timers } = this.#options;
    const deadline = clock.now() + graceMs;
    while ((this.#dispatcher.inFlight > 0 || isTransportInUse()) && clock.now() < deadline) {
      await new Promise<void>((resolve) => {
        timers.after(Math.min(20, Math.max(1, deadline - clock.now())), resolve);
      });
    }
  }

  #scheduleRetention(delayMs: number): void {
    if (this.#stopped) return;
    this.#cancelRetention = this.#options.timers.after(delayMs, () => {
      this.#retaining = this.#retain();
    });
  }

  async #retain(): Promise<void> {
    const { store, observer, events, log, clock, failed } = this.#options;
    let more = false;
    try {
      const result = await store.log.retain();
      more = result.more;
      for (const { subscriptionId, count } of result.expired) {
        observer.expired(count);
        const subscription = await store.catalog.getSubscriptionById(subscriptionId);
        if (subscription === null) continue;
        log.expired(subscription, count);
        const { accountId, topic, name } = subscription;
        events.emit({ type: "delivery.expired", accountId, at: clock.wall(), topic, subscription: name, count });
      }
    } catch (error) {
      failed(error, "retention");
    }
    this.#scheduleRetention(more ? engineLimits.retentionBusyMs : engineLimits.retentionStepMs);
  }
}
