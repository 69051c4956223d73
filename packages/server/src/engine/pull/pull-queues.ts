import { RingbackError } from "../../domain/errors.ts";
import { limits } from "../../domain/limits.ts";
import type { Subscription, SubscriptionId, TimeMs } from "../../domain/model.ts";
import { AccountShare } from "../account-share.ts";
import { ContentFilters } from "../content-filters.ts";
import { engineLimits } from "../engine-limits.ts";
import { Settler } from "../push/settler.ts";
import type { FindDeadLetterTarget } from "./dead-lettering.ts";
import type { DeliveryMethod } from "./delivery-method.ts";
import { InvisibleDelivery } from "./invisible-delivery.ts";
import { LeasedDelivery, type LeasedMessage } from "./leased-delivery.ts";
import { PullQueue } from "./pull-queue.ts";
import type { PulledMessage, PullOptions, WaitOptions } from "./pulls.ts";
import { UnreadBytes } from "./unread-bytes.ts";
import { WaiterLimit } from "./waiter-limit.ts";
import type { EngineServices } from "../services.ts";

export interface PullQueuesOptions extends EngineServices {
  /** Whether the server has several accounts, which share the limits. Left out: it has one. */
  readonly isShared?: () => boolean;
}

type Queues<T> = Map<SubscriptionId, PullQueue<T>>;

/**
 * The queues of all subscriptions from which clients fetch messages. Receivers of pulled subscriptions acknowledge;
 * messages of inboxes are settled when the response has been sent. All queues share one memory limit.
 */
export class PullQueues {
  readonly #options: PullQueuesOptions;
  readonly #settler: Settler;
  readonly #filters: ContentFilters;
  readonly #unreadBytes = new UnreadBytes(engineLimits.pullUnreadBytesTotalMax);
  readonly #pulled: Queues<PulledMessage> = new Map();
  readonly #leased: Queues<LeasedMessage> = new Map();
  readonly #pullWaiters: WaiterLimit;
  readonly #leaseWaiters: WaiterLimit;
  #findDeadLetterTarget: FindDeadLetterTarget = () => Promise.resolve(null);
  #cancelCheck: (() => void) | null = null;
  #isStopped = false;

  constructor(options: PullQueuesOptions) {
    this.#options = options;
    const { isShared = () => false } = options;
    const waiters = (perQueueMax: number, totalMax: number): WaiterLimit =>
      new WaiterLimit(perQueueMax, new AccountShare(totalMax, isShared), () => this.#planCheck());
    this.#pullWaiters = waiters(limits.pullWaitersMax, limits.pullWaitersTotalMax);
    this.#leaseWaiters = waiters(limits.inboxWaitersMax, limits.inboxWaitersTotalMax);
    this.#filters = new ContentFilters(options.timers);
    this.#settler = new Settler(options.store, options.timers, options.failed);
  }

  /** Number of requests that wait for messages. */
  get waiting(): number {
    return this.#pullWaiters.count + this.#leaseWaiters.count;
  }

  /** Subscribes to the store's wake-ups, which start claims for waiting requests. */
  start(): void {
    const { store } = this.#options;
    store.log.onReady((ids) => {
      for (const id of ids) this.#find(id)?.wake();
    });
    store.catalog.onSubscriptionChange((id) => {
      if (this.#find(id) !== undefined) void this.#follow(id);
    });
  }

  /** Sets how to find the target of messages that no receiver has acknowledged. */
  sendDeadLetters(find: FindDeadLetterTarget): void {
    this.#findDeadLetterTarget = find;
  }

  /** See `AccountPulls.pull`. */
  async pull(subscription: Subscription, options: PullOptions): Promise<readonly PulledMessage[]> {
    if (subscription.settings.pull === undefined) throw new RingbackError("not_pulled");
    const queue = this.#pulled.get(subscription.id) ?? this.#openPulled(subscription);
    return queue.pull(options);
  }

  /**
   * Leases the oldest message to the caller, until the caller calls `done` of the message. Throws the same errors as
   * `pull`, except for `not_pulled`.
   */
  async lease(subscription: Subscription, { waitMs, gone }: WaitOptions): Promise<LeasedMessage | null> {
    const queue = this.#leased.get(subscription.id) ?? this.#openLeased(subscription);
    try {
      const [message] = await queue.pull({ messagesMax: 1, waitMs, visibilityMs: null, gone });
      return message ?? null;
    } catch (error) {
      if (error instanceof RingbackError && error.code === "subscription_not_found")
        this.#leased.delete(subscription.id);
      throw error;
    }
  }

  /**
   * Called when receipt handles of this subscription have been used. `visibleAtMs`: when the messages become visible
   * again; null: never.
   */
  acknowledged(id: SubscriptionId, visibleAtMs: TimeMs | null): void {
    const queue = this.#pulled.get(id);
    if (visibleAtMs !== null) queue?.dueAt(visibleAtMs);
    queue?.acknowledged();
  }

  /** Ends every waiting request without messages. Later requests do not wait. */
  stop(): void {
    this.#isStopped = true;
    this.#cancelCheck?.();
    this.#cancelCheck = null;
    for (const queue of this.#all()) queue.stop();
    this.#settler.stop();
  }

  /** Resolves when the last claim of every queue has been delivered, and its settlements are written or refused. */
  async idle(): Promise<void> {
    await Promise.all([...this.#all()].map((queue) => queue.idle()));
    await this.#settler.idle();
  }

  #openPulled(subscription: Subscription): PullQueue<PulledMessage> {
    const findDeadLetterTarget: FindDeadLetterTarget = (of) => this.#findDeadLetterTarget(of);
    const method = new InvisibleDelivery({ ...this.#options, findDeadLetterTarget });
    return this.#open(this.#pulled, subscription, method, this.#pullWaiters);
  }

  #openLeased(subscription: Subscription): PullQueue<LeasedMessage> {
    const { clock } = this.#options;
    const method = new LeasedDelivery({ settler: this.#settler, clock, isStopped: () => this.#isStopped });
    return this.#open(this.#leased, subscription, method, this.#leaseWaiters);
  }

  #open<T>(
    queues: Queues<T>,
    subscription: Subscription,
    method: DeliveryMethod<T>,
    waiters: WaiterLimit,
  ): PullQueue<T> {
    const context = { ...this.#options, unreadBytes: this.#unreadBytes, filters: this.#filters };
    const queue = new PullQueue(subscription, method, waiters, context);
    if (this.#isStopped) queue.stop();
    queues.set(subscription.id, queue);
    this.#planCheck();
    return queue;
  }

  *#all(): Iterable<PullQueue<PulledMessage> | PullQueue<LeasedMessage>> {
    yield* this.#pulled.values();
    yield* this.#leased.values();
  }

  #find(id: SubscriptionId): PullQueue<PulledMessage> | PullQueue<LeasedMessage> | undefined {
    return this.#pulled.get(id) ?? this.#leased.get(id);
  }

  async #follow(id: SubscriptionId): Promise<void> {
    try {
      const subscription = await this.#options.store.catalog.getSubscriptionById(id);
      const queue = this.#find(id);
      if (subscription === null) {
        this.#pulled.delete(id);
        this.#leased.delete(id);
      }
      queue?.change(subscription);
    } catch (error) {
      this.#options.failed(error);
    }
  }

  /** Plans the next check if a request waits or a queue exists that may have to be dropped. */
  #planCheck(): void {
    const isNeeded = (this.waiting > 0 || this.#pulled.size > 0) && !this.#isStopped;
    if (!isNeeded) {
      this.#cancelCheck?.();
      this.#cancelCheck = null;
    } else {
      this.#cancelCheck ??= this.#options.timers.after(engineLimits.findWorkMs, () => {
        this.#cancelCheck = null;
        void this.#check();
      });
    }
  }

  /**
   * Finds work whose wake-up was lost, and drops queues that no request uses. The queue of an inbox is kept as long as
   * the inbox exists.
   */
  async #check(): Promise<void> {
    const nowMs = this.#options.clock.now();
    for (const [id, queue] of this.#pulled) if (queue.isIdle(nowMs)) this.#pulled.delete(id);
    try {
      if (this.waiting > 0) {
        const { subscriptionIds } = await this.#options.store.log.findReady();
        for (const id of subscriptionIds) this.#find(id)?.wake();
      }
    } catch (error) {
      this.#options.failed(error);
    }
    this.#planCheck();
  }
}
