import type { Subscription, SubscriptionId } from "../domain/model.ts";
import type { Clock, Random, Timers } from "../domain/ports.ts";
import type { Store } from "../store/store.ts";
import type { Transport } from "../transport/port.ts";
import { Dispatcher } from "./push/dispatcher.ts";
import { engineLimits } from "./engine-limits.ts";
import type { EventBus } from "./event-bus.ts";
import type { KeyRing } from "./keys/keys.ts";
import type { EngineObserver } from "./observer.ts";
import type { Publisher } from "./publisher.ts";
import { createPublisher } from "./publisher.ts";
import { Settler } from "./push/settler.ts";
import { Slots } from "./push/slots.ts";

export interface EngineOptions {
  readonly store: Store;
  readonly transport: Transport;
  readonly events: EventBus;
  readonly observer: EngineObserver;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly keyRing: KeyRing;
  /** POSTs in flight over all subscriptions. */
  readonly inFlightMax: number;
  /** A failure that no caller can be told. */
  readonly failed: (error: unknown, during: string) => void;
}

/** Publish, claim, deliver, settle, and clean up behind. Owns neither the store nor the transport. */
export class Engine {
  readonly publisher: Publisher;
  readonly #options: EngineOptions;
  readonly #settler: Settler;
  readonly #dispatcher: Dispatcher;
  readonly #disabling = new Set<SubscriptionId>();
  #cancelRetention: (() => void) | null = null;
  #retaining: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(options: EngineOptions) {
    this.#options = options;
    this.publisher = createPublisher(options);
    this.#settler = new Settler(options.store, options.timers, (error) => options.failed(error, "settle"));
    this.#dispatcher = new Dispatcher(
      options.store,
      {
        ...options,
        settler: this.#settler,
        slots: new Slots(options.inFlightMax),
        topicOwner: options.store.catalog.defaultAccount().appId,
        nextRequestId: requestIds(options.random),
        gone: (subscription) => {
          this.#disable(subscription).catch((error: unknown) => options.failed(error, "disable"));
        },
        failed: (error) => options.failed(error, "encode"),
      },
      (error) => options.failed(error, "dispatch"),
    );
  }

  async start(): Promise<void> {
    await this.#dispatcher.start();
    this.#scheduleRetention(engineLimits.retentionStepMs);
  }

  /**
   * Claims nothing more, waits up to `graceMs` for the POSTs in flight, cuts off the rest (they go out again after the
   * next start) and writes every outcome. `othersUnderWay`: somebody else still needs the transport.
   */
  async stop(graceMs: number, othersUnderWay: () => boolean = () => false): Promise<void> {
    this.#stopped = true;
    this.#cancelRetention?.();
    this.#dispatcher.stop();
    await this.#drained(graceMs, othersUnderWay);
    await this.#options.transport.close();
    await this.#dispatcher.quiet();
    await this.#retaining;
    await this.#settler.idle();
  }

  /** Once for all the replies that say so together; what somebody has paused, or made anew, stays as it is. */
  async #disable({ id, topicId, topic, name }: Subscription): Promise<void> {
    if (this.#disabling.has(id)) return;
    const { store, events, clock } = this.#options;
    this.#disabling.add(id);
    try {
      if ((await store.catalog.getSubscriptionById(id))?.state !== "active") return;
      if ((await store.catalog.setSubscriptionState(topicId, name, "disabled")) === null) return;
    } finally {
      this.#disabling.delete(id);
    }
    if (events.listening) events.emit({ type: "subscription.disabled", at: clock.now(), topic, subscription: name });
  }

  async #drained(graceMs: number, othersUnderWay: () => boolean): Promise<void> {
    const { clock, timers } = this.#options;
    const deadline = clock.now() + graceMs;
    while ((this.#dispatcher.inFlight > 0 || othersUnderWay()) && clock.now() < deadline) {
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
    const { store, observer, events, clock, failed } = this.#options;
    let more = false;
    try {
      const result = await store.log.retain();
      more = result.more;
      for (const { subscriptionId, count } of result.expired) {
        observer.expired(count);
        const subscription = events.listening ? await store.catalog.getSubscriptionById(subscriptionId) : null;
        if (subscription === null) continue;
        events.emit({
          type: "delivery.expired",
          at: clock.now(),
          topic: subscription.topic,
          subscription: subscription.name,
          count,
        });
      }
    } catch (error) {
      failed(error, "retention");
    }
    this.#scheduleRetention(more ? engineLimits.retentionBusyMs : engineLimits.retentionStepMs);
  }
}

/** Unsigned integers as decimal strings, apart from those of an earlier start. */
function requestIds(random: Random): () => string {
  const base = Math.floor(random.next() * 2 ** 31) * 2 ** 21;
  let count = 0;
  return () => String(base + ++count);
}
