import { RingbackError } from "../../domain/errors.ts";
import { limits } from "../../domain/limits.ts";
import type { Attempt, Subscription, SubscriptionId, TimeMs } from "../../domain/model.ts";
import { messageId } from "../../domain/message-id.ts";
import type { Clock, Timers } from "../../domain/ports.ts";
import type { PulledDelivery, PulledSettlement } from "../../store/log.ts";
import type { Store } from "../../store/store.ts";
import { UnreadBytes } from "../unread-bytes.ts";
import { engineLimits } from "../engine-limits.ts";
import type { EventBus } from "../event-bus.ts";
import type { EngineObserver } from "../observer.ts";
import type { PulledMessage, Pulls, PullOptions, AcknowledgeResult } from "./pulls.ts";
import type { DeadLetterWays } from "./dead-lettering.ts";
import { PullQueue, type PullQueueContext } from "./pull-queue.ts";
import { readReceiptHandle, type ReceiptHandle } from "./receipt-handle.ts";

export interface AccountPullsOptions {
  readonly store: Store;
  readonly events: EventBus;
  readonly observer: Pick<EngineObserver, "attempted" | "dead">;
  readonly clock: Clock;
  readonly timers: Timers;
  /** A failure that no caller can be told. */
  readonly failed: (error: unknown) => void;
}

/** Taking from any subscription that is pulled, with one queue for each that somebody has asked lately. */
export class AccountPulls implements Pulls {
  readonly #options: AccountPullsOptions;
  readonly #context: PullQueueContext;
  readonly #queues = new Map<SubscriptionId, PullQueue>();
  #deadLetterWays: DeadLetterWays = () => Promise.resolve(null);
  #cancelNet: (() => void) | null = null;
  #isStopped = false;

  constructor(options: AccountPullsOptions) {
    this.#options = options;
    this.#context = {
      ...options,
      deadLetterWays: (subscription) => this.#deadLetterWays(subscription),
      unreadBytes: new UnreadBytes(engineLimits.pullBytesOutTotalMax),
      waitForBytes: new Set(),
      waiting: { count: 0 },
    };
  }

  /** From here on whoever waits hears of what comes. */
  start(): void {
    const { store } = this.#options;
    store.log.onReady((ids) => {
      for (const id of ids) this.#queues.get(id)?.hint();
    });
    store.catalog.onSubscriptionChange((id) => {
      if (this.#queues.has(id)) void this.#follow(id);
    });
  }

  /** Whose messages go elsewhere when they come to their end is for the owner of the subscription to say. */
  sendDeadLetters(ways: DeadLetterWays): void {
    this.#deadLetterWays = ways;
  }

  async pull(subscription: Subscription, want: PullOptions): Promise<readonly PulledMessage[]> {
    if (subscription.settings.pull === undefined) throw new RingbackError("not_pulled");
    const { id } = subscription;
    let queue = this.#queues.get(id);
    if (queue === undefined) {
      queue = new PullQueue(subscription, this.#context);
      if (this.#isStopped) queue.stop();
      this.#queues.set(id, queue);
      this.#keepNet();
    }
    return queue.pull(want);
  }

  async acknowledge(
    subscription: Subscription,
    receiptHandles: readonly string[],
  ): Promise<readonly AcknowledgeResult[]> {
    const { clock, observer, events } = this.#options;
    const nowMs = clock.now();
    const done = (receiptHandle: ReceiptHandle): void => {
      const attempt = attemptOf(receiptHandle, nowMs);
      observer.attempted("accepted", attempt.durationMs / 1000);
      if (!events.listening) return;
      const { topic, name, topicId } = subscription;
      const { attempt: number, verdict, status, errorCode, durationMs } = attempt;
      events.emit({
        type: "delivery.attempted",
        at: nowMs,
        topic,
        subscription: name,
        messageId: messageId(topicId, receiptHandle.seq),
        attempt: number,
        verdict,
        status,
        errorCode,
        durationMs,
        nextAttemptAt: null,
      });
    };
    const answer = (receiptHandle: ReceiptHandle): PulledSettlement["answer"] => ({
      kind: "delivered",
      attempt: attemptOf(receiptHandle, nowMs),
    });
    return this.#answer(subscription, receiptHandles, answer, done);
  }

  async putBack(
    subscription: Subscription,
    receiptHandles: readonly string[],
    delayMs: number,
  ): Promise<readonly AcknowledgeResult[]> {
    const dueAtMs = this.#options.clock.now() + delayMs;
    const again = (): void => this.#queues.get(subscription.id)?.dueAt(dueAtMs);
    return this.#answer(subscription, receiptHandles, () => ({ kind: "due", dueAtMs }), again);
  }

  stopWaiting(): void {
    this.#isStopped = true;
    this.#cancelNet?.();
    this.#cancelNet = null;
    for (const queue of this.#queues.values()) queue.stop();
  }

  /** After `stopWaiting`: what is being handed out is written down. */
  async idle(): Promise<void> {
    await Promise.all([...this.#queues.values()].map((queue) => queue.idle()));
  }

  async #answer(
    { id }: Subscription,
    receiptHandles: readonly string[],
    answer: (receiptHandle: ReceiptHandle) => PulledSettlement["answer"],
    done: (receiptHandle: ReceiptHandle) => void,
  ): Promise<readonly AcknowledgeResult[]> {
    // Each once: of a receipt handle that stands there twice the second one comes too late.
    const read = receiptHandles.map((text, index) =>
      receiptHandles.indexOf(text) === index ? readReceiptHandle(id, text) : "again",
    );
    const asked = read.filter(
      (receiptHandle): receiptHandle is ReceiptHandle => receiptHandle !== null && receiptHandle !== "again",
    );
    const applied = new Set<ReceiptHandle>();
    for (const step of withoutRepeats(asked)) {
      const said = step.map((receiptHandle) => ({
        pulled: pulledDelivery(receiptHandle),
        answer: answer(receiptHandle),
      }));
      const isApplied = await this.#options.store.log.settlePulled(id, said);
      for (const [index, receiptHandle] of step.entries()) if (isApplied[index] === true) applied.add(receiptHandle);
    }
    for (const receiptHandle of applied) done(receiptHandle);
    if (applied.size > 0) this.#queues.get(id)?.answered();
    return read.map((receiptHandle) => {
      if (receiptHandle === null) return "malformed";
      return receiptHandle !== "again" && applied.has(receiptHandle) ? "done" : "ended";
    });
  }

  async #follow(id: SubscriptionId): Promise<void> {
    try {
      const subscription = await this.#options.store.catalog.getSubscriptionById(id);
      const queue = this.#queues.get(id);
      if (subscription === null) this.#queues.delete(id);
      queue?.change(subscription);
    } catch (error) {
      this.#options.failed(error);
    }
  }

  /** Under the hints, which may be lost: a look now and then while somebody waits, and an end of what nobody uses. */
  #keepNet(): void {
    if (this.#cancelNet !== null || this.#isStopped) return;
    this.#cancelNet = this.#options.timers.after(engineLimits.findWorkMs, () => {
      this.#cancelNet = null;
      void this.#castNet();
    });
  }

  async #castNet(): Promise<void> {
    const nowMs = this.#options.clock.now();
    for (const [id, queue] of this.#queues) if (queue.isIdle(nowMs)) this.#queues.delete(id);
    try {
      if (this.#context.waiting.count > 0) {
        const { subscriptionIds } = await this.#options.store.log.findReady();
        for (const id of subscriptionIds) this.#queues.get(id)?.hint();
      }
    } catch (error) {
      this.#options.failed(error);
    }
    if (this.#queues.size > 0) this.#keepNet();
  }
}

/** One step nearly always; more when there are receipt handles of several handings out of one message, of which one may be good. */
function withoutRepeats(receiptHandles: readonly ReceiptHandle[]): readonly ReceiptHandle[][] {
  const steps: ReceiptHandle[][] = [];
  for (const receiptHandle of receiptHandles) {
    const step = steps.find((others) => others.every(({ seq }) => seq !== receiptHandle.seq));
    if (step === undefined) steps.push([receiptHandle]);
    else step.push(receiptHandle);
  }
  return steps;
}

function pulledDelivery({ seq, retriesMade, firstAttemptAtMs }: ReceiptHandle): PulledDelivery {
  return { seq, retriesMade, firstAttemptAtMs };
}

/** Recorded as a POST would be, with the time that it was in the receiver's hands. */
function attemptOf({ retriesMade, pulledAtMs }: ReceiptHandle, nowMs: TimeMs): Attempt {
  // A receipt handle says what its bearer has made of it.
  const startedAtMs = Math.min(Math.max(pulledAtMs, nowMs - limits.visibilityMsMax), nowMs);
  return {
    attempt: retriesMade,
    startedAtMs,
    durationMs: nowMs - startedAtMs,
    verdict: "accepted",
    status: null,
    errorCode: null,
    reply: null,
  };
}
