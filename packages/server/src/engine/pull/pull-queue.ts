import { RingbackError } from "../../domain/errors.ts";
import { limits } from "../../domain/limits.ts";
import type { PullSettings, Subscription, TimeMs } from "../../domain/model.ts";
import type { Timers } from "../../domain/ports.ts";
import type { Claim } from "../../store/port.ts";
import { BytesOut } from "../unread-bytes.ts";
import { DueAlarm } from "./due-alarm.ts";
import { engineLimits } from "../engine-limits.ts";
import type { PulledMessage, PullWant } from "../port.ts";
import { WaitingLine } from "../fifo-queue.ts";
import { Ask } from "./pull-request.ts";
import { bury, type BurialContext, type DeadLetterWay, type DeadLetterWays } from "./dead-lettering.ts";
import { hide, unhide, type Hidden } from "./make-invisible.ts";
import { isReceivesEnded, isTimeEnded, shareOut, type Shares } from "./allocation.ts";

/** What all rooms share. */
export interface RoomContext extends BurialContext {
  readonly timers: Timers;
  readonly deadLetterWays: DeadLetterWays;
  /** On their way to the receivers of all rooms. */
  readonly bytesOut: BytesOut;
  /** They look when bytes have arrived or were not needed. */
  readonly waitForBytes: Set<PullRoom>;
  /** Who waits in any room. */
  readonly waiting: { count: number };
  readonly failed: (error: unknown) => void;
}

/** What a look came to. `later`: others are using the bytes that it may need. `full`: readers are slow. */
type Looked = "found" | "nothing" | "later" | "full";

/**
 * Those who ask for messages of one subscription, in line. One look serves all who are there at that moment: one claim, shared
 * out from the first in line, and one settlement that hides what is handed out. Looks are one after the other, and there is
 * one only when somebody has come or the store has something to say, so waiting costs nothing.
 */
export class PullRoom {
  readonly #context: RoomContext;
  readonly #line = new WaitingLine<Ask>();
  readonly #alarm: DueAlarm;
  readonly #bytesOut = new BytesOut(engineLimits.pullBytesOutMax);
  #subscription: Subscription;
  /** They have not had their first look. */
  #fresh: Ask[] = [];
  /** Messages that all in line want together. */
  #wanted = 0;
  #waiting = 0;
  /** There may be something new. */
  #isHinted = false;
  #isScheduled = false;
  #looking: Promise<void> | null = null;
  /** null: not known yet. */
  #parkedCount: number | null = null;
  /** As many messages are hidden as may be, and more is there. */
  #isStuck = false;
  #isStopped = false;
  #lastUsedMs: TimeMs;

  constructor(subscription: Subscription, context: RoomContext) {
    this.#subscription = subscription;
    this.#context = context;
    this.#alarm = new DueAlarm(context.clock, context.timers, () => this.hint());
    this.#lastUsedMs = context.clock.now();
  }

  get isEmpty(): boolean {
    return this.#line.size === 0;
  }

  isIdle(nowMs: TimeMs): boolean {
    const isQuiet = this.isEmpty && this.#looking === null && this.#bytesOut.isEmpty;
    return isQuiet && nowMs - this.#lastUsedMs > engineLimits.laneIdleMs;
  }

  pull(want: PullWant): Promise<readonly PulledMessage[]> {
    if (want.gone.aborted) return Promise.resolve([]);
    const ask: Ask = new Ask(want, this.#context.clock.now(), () => this.#left(ask));
    this.#line.add(ask);
    this.#fresh.push(ask);
    this.#wanted += ask.messagesMax;
    this.#context.waitForBytes.delete(this);
    this.#schedule();
    return ask.answer;
  }

  /** The store may have something for those who wait. */
  hint(): void {
    this.#isHinted = true;
    if (!this.isEmpty) this.#schedule();
  }

  /** Something is there again at this time. */
  dueAt(atMs: TimeMs): void {
    if (atMs <= this.#context.clock.now()) this.hint();
    else this.#alarm.noLaterThan(atMs);
  }

  /** Answers have been written: there may be room for new messages, or an order lets others go. */
  answered(): void {
    const wasFull = (this.#parkedCount ?? 0) >= limits.parkedMax;
    if (wasFull || this.#subscription.settings.order !== "none") this.hint();
  }

  bytesAreFree(): void {
    this.#context.waitForBytes.delete(this);
    this.hint();
  }

  /** As it is now; null: it is gone. */
  change(subscription: Subscription | null): void {
    if (subscription === null) return this.#failAll(new RingbackError("subscription_not_found"));
    if (subscription.settings.pull === undefined) return this.#failAll(new RingbackError("not_pulled"));
    const wasActive = this.#subscription.state === "active";
    this.#subscription = subscription;
    // Whoever asks from now on waits in vain until it is resumed, rather than asking again and again.
    if (wasActive && subscription.state !== "active") this.#endAll();
    else this.hint();
  }

  stop(): void {
    this.#isStopped = true;
    for (const ask of this.#line) if (ask.isWaiting && !ask.isBeingServed) ask.end([]);
  }

  /** The last look is over. */
  async idle(): Promise<void> {
    while (this.#looking !== null) await this.#looking;
  }

  #endAll(): void {
    for (const ask of this.#line) if (!ask.isBeingServed) ask.end([]);
  }

  #failAll(error: RingbackError): void {
    for (const ask of this.#line) ask.fail(error);
  }

  #left(ask: Ask): void {
    this.#line.remove(ask);
    this.#wanted -= ask.messagesMax;
    this.#lastUsedMs = this.#context.clock.now();
    if (ask.isWaiting) {
      this.#waiting--;
      this.#context.waiting.count--;
    }
    if (this.#waiting === 0) this.#alarm.disarm();
  }

  /** At the end of the turn: whoever else asks in this turn is served by the same look. */
  #schedule(): void {
    if (this.#isScheduled || this.#looking !== null) return;
    this.#isScheduled = true;
    this.#context.timers.soon(() => {
      this.#isScheduled = false;
      this.#looking = this.#look().finally(() => {
        this.#looking = null;
        if (this.#hasReason) this.#schedule();
      });
    });
  }

  get #hasReason(): boolean {
    if (this.isEmpty || this.#context.waitForBytes.has(this)) return false;
    return this.#fresh.length > 0 || this.#isHinted;
  }

  async #look(): Promise<void> {
    while (this.#hasReason) {
      const fresh = this.#fresh;
      this.#fresh = [];
      this.#isHinted = false;
      try {
        const looked = await this.#lookOnce();
        this.#lookedFor(fresh, looked);
      } catch (error) {
        this.#lookFailed(fresh, error);
      }
    }
  }

  #lookedFor(fresh: readonly Ask[], looked: Looked): void {
    if (looked === "nothing") for (const ask of fresh) this.#foundNothing(ask);
    if (looked === "full") for (const ask of fresh) ask.fail(slowReaders());
    if (looked === "found" || looked === "later")
      this.#fresh = [...fresh.filter(({ isOver }) => !isOver), ...this.#fresh];
    if (looked === "found") this.#isHinted = true;
  }

  /** Those who have just come are told. The others go on waiting: their time is not over. */
  #lookFailed(fresh: readonly Ask[], error: unknown): void {
    const told = fresh.filter((ask) => !ask.isOver);
    for (const ask of told) ask.fail(error);
    if (told.length === 0) this.#context.failed(error);
    this.#alarm.dueAtMs = this.#context.clock.now() + engineLimits.pullRetryMs;
  }

  async #lookOnce(): Promise<Looked> {
    const { store } = this.#context;
    this.#parkedCount ??= await this.#begin();
    if (this.isEmpty) return "nothing";
    const deliveriesMax = this.#deliveriesMax;
    const bytesMax = Math.min((deliveriesMax - 1) * limits.bodyBytesMax + 1, limits.pullBytesMax);
    // It stops after the message that passes its bound.
    const bytesReserved = bytesMax + limits.bodyBytesMax;
    const denied = this.#denied(bytesReserved);
    if (denied !== null) return denied;
    const fromLog = this.#parkedCount < limits.parkedMax;
    const want = { subscriptionId: this.#subscription.id, deliveriesMax, bytesMax, fromLog };
    let claim: Claim | undefined;
    try {
      [claim] = await store.claim([want], engineLimits.pullLeaseMs);
    } finally {
      this.#context.bytesOut.unreserve(bytesReserved);
      this.#bytesAreFree();
    }
    if (claim === undefined) return "nothing";
    this.#parkedCount = claim.parkedCount;
    this.#alarm.dueAtMs = claim.nextDueAtMs;
    if (claim.deliveries.length === 0) return this.#foundNone(claim, fromLog);
    this.#isStuck = false;
    const bytes = claim.deliveries.reduce((sum, { message }) => sum + message.body.byteLength, 0);
    this.#addBytes(bytes);
    try {
      if (!(await this.#serve(claim))) return "found";
    } finally {
      this.#freeBytes(bytes);
    }
    return this.#wantsMore(claim, fromLog) ? "found" : "nothing";
  }

  /** Of a strict subscription one at a time is out, since the others must wait for it. */
  get #deliveriesMax(): number {
    if (this.#subscription.settings.order === "strict") return 1;
    const roomLeft = limits.parkedMax - (this.#parkedCount ?? 0);
    // A driver with several nodes tells who wants more than may be in flight to ask again soon, which would be polling.
    const wanted = Math.min(this.#wanted, engineLimits.pullClaimMessagesMax, this.#subscription.settings.maxInFlight);
    return roomLeft > 0 ? Math.min(wanted, roomLeft) : wanted;
  }

  /** It may have changed before this room heard of changes. */
  async #begin(): Promise<number> {
    const { store } = this.#context;
    const subscription = await store.getSubscriptionById(this.#subscription.id);
    if (subscription === null) throw new RingbackError("subscription_not_found");
    if (subscription.settings.pull === undefined) throw new RingbackError("not_pulled");
    this.#subscription = subscription;
    return (await store.unsettledCounts(subscription.id)).parked;
  }

  async #foundNone(claim: Claim, fromLog: boolean): Promise<Looked> {
    if (this.#wantsMore(claim, fromLog)) return "found";
    this.#isStuck = !fromLog && (await this.#context.store.unsettledCounts(this.#subscription.id)).backlog > 0;
    return "nothing";
  }

  #wantsMore(claim: Claim, fromLog: boolean): boolean {
    const mayReadLog = (this.#parkedCount ?? 0) < limits.parkedMax;
    if (!fromLog && mayReadLog) return true;
    return claim.more && (claim.deliveries.length > 0 || mayReadLog);
  }

  /** False: not everything could be handed out, and another look may bring something else. */
  async #serve(claim: Claim): Promise<boolean> {
    const { clock, deadLetterWays } = this.#context;
    const subscription = this.#subscription;
    const { pull, order } = subscription.settings;
    if (pull === undefined) return true;
    const wereOut = claim.deliveries.some(({ firstAttemptAtMs }) => firstAttemptAtMs !== null);
    const way = wereOut ? await this.#orLater(deadLetterWays(subscription)) : null;
    const nowMs = clock.now();
    const shares = shareOut(claim.deliveries, this.#line, {
      order,
      isEnded: (delivery) => isReceivesEnded(pull, delivery) || isTimeEnded(way?.ttlMs ?? null, delivery, nowMs),
    });
    const isWhole = await this.#handOut(claim, shares, pull, nowMs);
    if (shares.ended.length === 0) return isWhole;
    await bury(this.#context, { subscription, pull, way }, claim, shares.ended);
    return false;
  }

  /** Where it should have gone cannot be found out: its own dead letters would be the wrong place. */
  async #orLater(finding: Promise<DeadLetterWay | null>): Promise<DeadLetterWay | null> {
    try {
      return await finding;
    } catch (error) {
      this.#context.failed(error);
      return { ttlMs: null, move: () => Promise.resolve("later") };
    }
  }

  /** False: it is not sure whether all of it is hidden, and nothing was handed out. */
  async #handOut(claim: Claim, shares: Shares, pull: PullSettings, nowMs: TimeMs): Promise<boolean> {
    const { store, clock } = this.#context;
    const { hidden, settlements } = hide(claim, shares, this.#subscription, pull, nowMs);
    if (settlements.length === 0) return true;
    for (const { ask } of hidden) ask.isBeingServed = true;
    let isWhole: boolean;
    try {
      isWhole = (await store.settle(settlements)) === settlements.length;
    } catch (error) {
      for (const { ask } of hidden) ask.fail(error);
      throw error;
    } finally {
      for (const { ask } of hidden) ask.isBeingServed = false;
    }
    if (!isWhole) {
      // Only what nobody has had before can be told from what another node has hidden meanwhile: by the time of its first receive.
      await this.#putBack(hidden.flatMap(({ messages }) => messages.filter(({ receives }) => receives === 1)));
      for (const { ask } of hidden) this.#checkTime(ask);
      return false;
    }
    this.#parkedCount = (this.#parkedCount ?? 0) + hidden.reduce((sum, { messages }) => sum + messages.length, 0);
    const doneMs = clock.now();
    await this.#putBack(hidden.flatMap((each) => this.#finish(each, doneMs)));
    return true;
  }

  /** Gives the messages to who asked for them. Returns those that nobody wants any more and that are hidden still. */
  #finish({ ask, messages, bytes }: Hidden, nowMs: TimeMs): readonly PulledMessage[] {
    const visibleAtMs = messages[0]?.visibleAtMs ?? nowMs;
    if (visibleAtMs <= nowMs) {
      // The disk has taken so long that their time is over: somebody else may have them by now.
      this.#isHinted = true;
      this.#checkTime(ask);
      return [];
    }
    this.#alarm.noLaterThan(visibleAtMs);
    if (ask.isOver) return messages;
    const { handedOut } = ask.want;
    if (handedOut !== undefined) {
      this.#addBytes(bytes);
      handedOut(once(() => this.#freeBytes(bytes)));
    }
    ask.end(messages);
    return [];
  }

  /** Whoever asked has left while they were being hidden: the next one gets them. */
  async #putBack(messages: readonly PulledMessage[]): Promise<void> {
    if (messages.length === 0) return;
    const { store, clock, failed } = this.#context;
    try {
      const nowMs = clock.now();
      await store.answer(
        this.#subscription.id,
        messages.map((message) => unhide(message, nowMs)),
      );
      this.#isHinted = true;
    } catch (error) {
      // They come again when their time is over.
      failed(error);
    }
  }

  /** It is in line yet, and its time may have ended while messages for it were being hidden. */
  #checkTime(ask: Ask): void {
    if (ask.isWaiting && (this.#isStopped || ask.deadlineMs <= this.#context.clock.now())) this.#timeIsOver(ask);
  }

  #foundNothing(ask: Ask): void {
    if (ask.isOver || ask.isWaiting) return;
    const { clock, timers, waiting } = this.#context;
    const leftMs = ask.deadlineMs - clock.now();
    if (leftMs <= 0 || this.#isStopped) return this.#timeIsOver(ask);
    if (this.#waiting >= limits.pullWaitersMax || waiting.count >= limits.pullWaitersTotalMax) {
      return ask.fail(new RingbackError("too_many_waiters"));
    }
    this.#waiting++;
    waiting.count++;
    ask.wait(leftMs, timers, () => {
      if (!ask.isBeingServed) this.#timeIsOver(ask);
    });
    this.#alarm.arm();
  }

  #timeIsOver(ask: Ask): void {
    if (this.#isStuck) ask.fail(new RingbackError("too_many_unacknowledged"));
    else ask.end([]);
  }

  #denied(bytes: number): "later" | "full" | null {
    const { bytesOut, waitForBytes } = this.#context;
    const isFull = this.#bytesOut.isFullFor(bytes) || bytesOut.isFullFor(bytes);
    if (!isFull && bytesOut.reserve(bytes)) return null;
    waitForBytes.add(this);
    return isFull ? "full" : "later";
  }

  #addBytes(bytes: number): void {
    this.#bytesOut.add(bytes);
    this.#context.bytesOut.add(bytes);
  }

  #freeBytes(bytes: number): void {
    this.#bytesOut.remove(bytes);
    this.#context.bytesOut.remove(bytes);
    this.#bytesAreFree();
  }

  #bytesAreFree(): void {
    for (const room of this.#context.waitForBytes) room.bytesAreFree();
  }
}

function once(work: () => void): () => void {
  let isDone = false;
  return () => {
    if (isDone) return;
    isDone = true;
    work();
  };
}

function slowReaders(): RingbackError {
  return new RingbackError("overloaded", "Too many messages are on their way to receivers that read slowly.");
}
