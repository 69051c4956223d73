import { RingbackError } from "../../domain/errors.ts";
import { limits } from "../../domain/limits.ts";
import type { Attempt, Subscription, SubscriptionId, TimeMs } from "../../domain/model.ts";
import { messageId } from "../../domain/message-id.ts";
import type { Clock, Timers } from "../../domain/ports.ts";
import type { ReceiverAnswer, Store } from "../../store/port.ts";
import { BytesOut } from "../unread-bytes.ts";
import { engineLimits } from "../engine-limits.ts";
import type { EngineObserver, EventBus, PulledMessage, Pulls, PullWant, ReceiptResult } from "../port.ts";
import type { DeadLetterWays } from "./dead-lettering.ts";
import { PullRoom, type RoomContext } from "./pull-queue.ts";
import { readReceipt, type Receipt } from "./receipt-handle.ts";

export interface AccountPullsOptions {
  readonly store: Store;
  readonly events: EventBus;
  readonly observer: Pick<EngineObserver, "attempted" | "dead">;
  readonly clock: Clock;
  readonly timers: Timers;
  /** A failure that no caller can be told. */
  readonly failed: (error: unknown) => void;
}

/** Taking from any subscription that is pulled, with one room for each that somebody has asked lately. */
export class AccountPulls implements Pulls {
  readonly #options: AccountPullsOptions;
  readonly #context: RoomContext;
  readonly #rooms = new Map<SubscriptionId, PullRoom>();
  #deadLetterWays: DeadLetterWays = () => Promise.resolve(null);
  #cancelNet: (() => void) | null = null;
  #isStopped = false;

  constructor(options: AccountPullsOptions) {
    this.#options = options;
    this.#context = {
      ...options,
      deadLetterWays: (subscription) => this.#deadLetterWays(subscription),
      bytesOut: new BytesOut(engineLimits.pullBytesOutTotalMax),
      waitForBytes: new Set(),
      waiting: { count: 0 },
    };
  }

  /** From here on whoever waits hears of what comes. */
  start(): void {
    const { store } = this.#options;
    store.onReady((ids) => {
      for (const id of ids) this.#rooms.get(id)?.hint();
    });
    store.onSubscriptionChange((id) => {
      if (this.#rooms.has(id)) void this.#follow(id);
    });
  }

  /** Whose messages go elsewhere when they come to their end is for the owner of the subscription to say. */
  sendDeadLetters(ways: DeadLetterWays): void {
    this.#deadLetterWays = ways;
  }

  async pull(subscription: Subscription, want: PullWant): Promise<readonly PulledMessage[]> {
    if (subscription.settings.pull === undefined) throw new RingbackError("not_pulled");
    const { id } = subscription;
    let room = this.#rooms.get(id);
    if (room === undefined) {
      room = new PullRoom(subscription, this.#context);
      if (this.#isStopped) room.stop();
      this.#rooms.set(id, room);
      this.#keepNet();
    }
    return room.pull(want);
  }

  async acknowledge(subscription: Subscription, receipts: readonly string[]): Promise<readonly ReceiptResult[]> {
    const { clock, observer, events } = this.#options;
    const nowMs = clock.now();
    const done = (receipt: Receipt): void => {
      const attempt = attemptOf(receipt, nowMs);
      observer.attempted("accepted", attempt.durationMs / 1000);
      if (!events.listening) return;
      const { topic, name, topicId } = subscription;
      const { attempt: number, verdict, status, errorCode, durationMs } = attempt;
      events.emit({
        type: "delivery.attempted",
        at: nowMs,
        topic,
        subscription: name,
        messageId: messageId(topicId, receipt.seq),
        attempt: number,
        verdict,
        status,
        errorCode,
        durationMs,
        nextAttemptAt: null,
      });
    };
    const answer = (receipt: Receipt): ReceiverAnswer["answer"] => ({
      kind: "delivered",
      attempt: attemptOf(receipt, nowMs),
    });
    return this.#answer(subscription, receipts, answer, done);
  }

  async putBack(
    subscription: Subscription,
    receipts: readonly string[],
    delayMs: number,
  ): Promise<readonly ReceiptResult[]> {
    const dueAtMs = this.#options.clock.now() + delayMs;
    const again = (): void => this.#rooms.get(subscription.id)?.dueAt(dueAtMs);
    return this.#answer(subscription, receipts, () => ({ kind: "due", dueAtMs }), again);
  }

  stopWaiting(): void {
    this.#isStopped = true;
    this.#cancelNet?.();
    this.#cancelNet = null;
    for (const room of this.#rooms.values()) room.stop();
  }

  /** After `stopWaiting`: what is being handed out is written down. */
  async idle(): Promise<void> {
    await Promise.all([...this.#rooms.values()].map((room) => room.idle()));
  }

  async #answer(
    { id }: Subscription,
    receipts: readonly string[],
    answer: (receipt: Receipt) => ReceiverAnswer["answer"],
    done: (receipt: Receipt) => void,
  ): Promise<readonly ReceiptResult[]> {
    // Each once: of a receipt that stands there twice the second one comes too late.
    const read = receipts.map((text, index) => (receipts.indexOf(text) === index ? readReceipt(id, text) : "again"));
    const asked = read.filter((receipt): receipt is Receipt => receipt !== null && receipt !== "again");
    const applied = new Set<Receipt>();
    for (const step of withoutRepeats(asked)) {
      const said = step.map((receipt) => ({ handedOut: handedOut(receipt), answer: answer(receipt) }));
      const isApplied = await this.#options.store.answer(id, said);
      for (const [index, receipt] of step.entries()) if (isApplied[index] === true) applied.add(receipt);
    }
    for (const receipt of applied) done(receipt);
    if (applied.size > 0) this.#rooms.get(id)?.answered();
    return read.map((receipt) => {
      if (receipt === null) return "malformed";
      return receipt !== "again" && applied.has(receipt) ? "done" : "ended";
    });
  }

  async #follow(id: SubscriptionId): Promise<void> {
    try {
      const subscription = await this.#options.store.getSubscriptionById(id);
      const room = this.#rooms.get(id);
      if (subscription === null) this.#rooms.delete(id);
      room?.change(subscription);
    } catch (error) {
      this.#options.failed(error);
    }
  }

  /** Under the hints, which may be lost: a look now and then while somebody waits, and an end of what nobody uses. */
  #keepNet(): void {
    if (this.#cancelNet !== null || this.#isStopped) return;
    this.#cancelNet = this.#options.timers.after(engineLimits.lookForWorkMs, () => {
      this.#cancelNet = null;
      void this.#castNet();
    });
  }

  async #castNet(): Promise<void> {
    const nowMs = this.#options.clock.now();
    for (const [id, room] of this.#rooms) if (room.isIdle(nowMs)) this.#rooms.delete(id);
    try {
      if (this.#context.waiting.count > 0) {
        const { subscriptionIds } = await this.#options.store.findReady();
        for (const id of subscriptionIds) this.#rooms.get(id)?.hint();
      }
    } catch (error) {
      this.#options.failed(error);
    }
    if (this.#rooms.size > 0) this.#keepNet();
  }
}

/** One step nearly always; more when there are receipts of several handings out of one message, of which one may be good. */
function withoutRepeats(receipts: readonly Receipt[]): readonly Receipt[][] {
  const steps: Receipt[][] = [];
  for (const receipt of receipts) {
    const step = steps.find((others) => others.every(({ seq }) => seq !== receipt.seq));
    if (step === undefined) steps.push([receipt]);
    else step.push(receipt);
  }
  return steps;
}

function handedOut({ seq, retriesMade, firstAttemptAtMs }: Receipt): ReceiverAnswer["handedOut"] {
  return { seq, retriesMade, firstAttemptAtMs };
}

/** Recorded as a POST would be, with the time that it was in the receiver's hands. */
function attemptOf({ retriesMade, handedOutAtMs }: Receipt, nowMs: TimeMs): Attempt {
  // A receipt says what its bearer has made of it.
  const startedAtMs = Math.min(Math.max(handedOutAtMs, nowMs - limits.visibilityMsMax), nowMs);
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
