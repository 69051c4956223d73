import { limits } from "../../domain/limits.ts";
import type { RetryPolicy, Seq, Subscription, SubscriptionSettings, TimeMs } from "../../domain/model.ts";
import type { AttemptRecord, DeadLetter } from "../../store/records.ts";
import { misnumberedAttempts } from "./attempt-numbers.ts";
import { ControlledDelivery, type Received } from "./controlled-delivery.ts";
import { RateJudge } from "./rate-judge.ts";
import type { Post } from "./scripted-transport.ts";

/** The time within which the engine must know a changed state, with two slow calls of the store. */
const LEARNED_MS = 200;
/** After a crash, attempts that ended within this time before may not be recorded. */
const UNRECORDED_MS = 1_000;

/** Checks the promises of one subscription by the POSTs that its endpoint has received and by what the API shows. */
export class ControlledSubscription {
  readonly name: string;
  readonly origin: string;
  settings: SubscriptionSettings;
  readonly deliveries = new Map<Seq, ControlledDelivery>();
  readonly #broken: (what: string) => void;
  readonly #shown: () => Subscription | null;
  readonly #rate = new RateJudge();
  readonly #retriesMax = { smallest: 0, largest: 0 };
  readonly #inFlight = new Set<{ readonly delivery: ControlledDelivery; readonly received: Received }>();
  /** When it was paused or disabled; null: it is active. */
  #restsSinceMs: TimeMs | null = null;
  /** Since then nothing but failure has come. */
  #failingSinceMs: TimeMs;
  #failures = 0;
  /** Values that count until the engine knows the change. */
  #disableAfter: readonly { readonly ms: number | null; readonly untilMs: TimeMs }[] = [];
  /** Intervals whose attempts may be unrecorded, so that their messages may be sent again. */
  readonly #lost: { readonly fromMs: TimeMs; readonly toMs: TimeMs }[] = [];

  constructor(
    { name, settings }: Subscription,
    {
      origin,
      nowMs,
      shown,
      broken,
    }: {
      readonly origin: string;
      readonly nowMs: TimeMs;
      /** Returns the subscription as the API shows it now. */
      readonly shown: () => Subscription | null;
      readonly broken: (what: string) => void;
    },
  ) {
    this.#shown = shown;
    this.name = name;
    this.origin = origin;
    this.settings = settings;
    this.#broken = (what) => broken(`${name} (${settings.order}): ${what}`);
    this.#failingSinceMs = nowMs;
    this.#retriesMax = { smallest: retriesOf(settings.retry), largest: retriesOf(settings.retry) };
    this.#rate.change(settings.rate ?? null, nowMs);
  }

  change(settings: SubscriptionSettings, nowMs: TimeMs): void {
    const { smallest, largest } = this.#retriesMax;
    const retries = retriesOf(settings.retry);
    Object.assign(this.#retriesMax, { smallest: Math.min(smallest, retries), largest: Math.max(largest, retries) });
    this.#rate.change(settings.rate ?? null, nowMs);
    this.#disableAfter = [...this.#disableAfter, { ms: this.settings.disableAfterMs, untilMs: nowMs + LEARNED_MS }];
    this.settings = settings;
  }

  stateChanged(state: Subscription["state"], nowMs: TimeMs): void {
    if (state === "active") {
      if (this.#restsSinceMs === null) return;
      this.#failingSinceMs = nowMs;
      this.#failures = 0;
      this.#restsSinceMs = null;
    } else this.#restsSinceMs ??= nowMs;
  }

  published(seq: Seq, key: string | null, isDelayed: boolean): void {
    this.deliveries.set(seq, new ControlledDelivery(seq, key, isDelayed));
  }

  credit(seqs: Iterable<Seq>, nowMs: TimeMs): void {
    for (const seq of seqs) this.deliveries.get(seq)?.credit(nowMs);
  }

  /** A process has ended, or its leases have: what it did within the interval may be unrecorded. */
  lost(fromMs: TimeMs, toMs: TimeMs): void {
    this.#lost.push({ fromMs: fromMs - UNRECORDED_MS, toMs });
  }

  /** POSTs of an ended process have no result. */
  processEnded(): void {
    this.learn();
    this.#inFlight.clear();
  }

  started(post: Post, seq: Seq, checksOrder: boolean): Received | null {
    const delivery = this.deliveries.get(seq);
    if (delivery === undefined) {
      this.#broken(`${seq} is sent, which was never published`);
      return null;
    }
    const { startedAtMs: nowMs } = post;
    this.learn();
    if (this.#rate.started(nowMs)) this.#broken(`${seq} starts faster than the rate at ${nowMs}`);
    if (this.#restsSinceMs !== null && nowMs > this.#restsSinceMs + LEARNED_MS) {
      this.#broken(`${seq} is sent while the subscription is ${this.#shown()?.state}`);
    }
    if (nowMs > delivery.endsAtMs) this.#broken(`${seq} is sent more than a second after its replay was cancelled`);
    if (checksOrder && !delivery.isRequested) this.#checkOrder(delivery);
    const received: Received = {
      post,
      openedAtMs: this.#shown()?.health?.openedAtMs ?? null,
      isProbe: "no",
    };
    delivery.posts.push(received);
    this.#inFlight.add({ delivery, received });
    return received;
  }

  /** Records the POSTs that have ended since the last call. Called at each step of time. */
  learn(): void {
    for (const flying of this.#inFlight) {
      const { delivery, received } = flying;
      const { result, endedAtMs } = received.post;
      if (endedAtMs === null || result === null) continue;
      this.#inFlight.delete(flying);
      if (result.error === "aborted") continue;
      if (result.status === 200) {
        delivery.isOver = true;
        this.#failingSinceMs = Math.max(this.#failingSinceMs, endedAtMs);
        this.#failures = 0;
        continue;
      }
      this.#failures++;
      const openedAtMs = this.#shown()?.health?.openedAtMs ?? null;
      if (received.openedAtMs !== null) received.isProbe = openedAtMs === received.openedAtMs ? "yes" : "unclear";
      if (delivery.counted("most").length > this.#retriesMax.smallest) delivery.isOver = true;
    }
  }

  died(seq: Seq): void {
    const delivery = this.deliveries.get(seq);
    if (delivery !== undefined) delivery.isOver = true;
  }

  disabled(nowMs: TimeMs): void {
    this.learn();
    const values = [
      this.settings.disableAfterMs,
      ...this.#disableAfter.flatMap(({ ms, untilMs }) => (untilMs >= nowMs ? ms : [])),
    ];
    const afterMs = Math.min(...values.map((ms) => ms ?? Number.POSITIVE_INFINITY));
    const failedMs = nowMs - this.#failingSinceMs;
    if (failedMs < afterMs) this.#broken(`is disabled after ${failedMs} ms of failure instead of ${afterMs}`);
    if (this.#failures < limits.disableAttemptsMin) this.#broken(`is disabled after ${this.#failures} failures`);
    this.#restsSinceMs ??= nowMs;
  }

  /**
   * A replay of these messages was cancelled. Those that had been sent for good before, and for which nothing else was
   * requested, must not be sent any more.
   */
  replayCancelled(seqs: Iterable<Seq>, createdAtMs: TimeMs, nowMs: TimeMs): void {
    for (const seq of seqs) {
      const delivery = this.deliveries.get(seq);
      if (delivery?.credits !== 2 || delivery.credited?.atMs !== createdAtMs || !delivery.credited.wasOver) continue;
      const [first] = delivery.accepted;
      if (first === undefined || this.#mayBeLost(first.post)) continue;
      if (Number(first.post.endedAtMs) + UNRECORDED_MS > createdAtMs) continue;
      delivery.endsAtMs = nowMs + 1_000;
    }
  }

  #checkOrder(delivery: ControlledDelivery): void {
    const { order } = this.settings;
    const group = ({ key }: ControlledDelivery): string | null => (order === "strict" ? "" : key);
    if (order === "none" || group(delivery) === null) return;
    for (const { delivery: other } of this.#inFlight) {
      if (group(other) !== group(delivery) || other.isRequested) continue;
      this.#broken(`${delivery.seq} is sent while ${other.seq} is in flight`);
    }
    if (delivery.isDelayed) return;
    for (const other of this.deliveries.values()) {
      if (other.seq >= delivery.seq) return;
      if (other.isOver || other.isDelayed || group(other) !== group(delivery)) continue;
      this.#broken(`${delivery.seq} is sent before ${other.seq} has ended`);
    }
  }

  #mayBeLost({ startedAtMs, endedAtMs }: Post): boolean {
    return this.#lost.some(({ fromMs, toMs }) => startedAtMs <= toMs && Number(endedAtMs) >= fromMs);
  }

  /** Checks, when nothing is left to send, what has become of each message. */
  judge(attempts: readonly AttemptRecord[], letters: readonly DeadLetter[], seqOf: (id: string) => Seq): void {
    this.learn();
    for (const wrong of misnumberedAttempts(attempts)) this.#broken(wrong);
    const recorded = Map.groupBy(attempts, ({ messageId }) => seqOf(messageId));
    const dead = new Map(letters.map((letter) => [letter.message.seq, letter]));
    for (const delivery of this.deliveries.values()) {
      const { seq, accepted, credits } = delivery;
      const acceptedCount = (recorded.get(seq) ?? []).filter(({ verdict }) => verdict === "accepted").length;
      if (acceptedCount > credits) this.#broken(`${seq} is delivered ${acceptedCount} times instead of ${credits}`);
      const certain = accepted.filter(({ post }) => !this.#mayBeLost(post)).length;
      if (certain > acceptedCount) this.#broken(`${seq} is accepted ${certain} times, ${acceptedCount} are recorded`);
      const letter = dead.get(seq);
      if (accepted.length === 0 && letter === undefined) this.#broken(`${seq} is lost`);
      this.#judgeFailures(delivery, letter);
    }
  }

  #judgeFailures(delivery: ControlledDelivery, letter: DeadLetter | undefined): void {
    const { seq, credits } = delivery;
    const { smallest, largest } = this.#retriesMax;
    const certain = delivery.counted("least").filter(({ post }) => !this.#mayBeLost(post)).length;
    if (certain > credits * (largest + 1))
      this.#broken(`${seq} has ${certain} counted attempts, with ${credits} copies`);
    if (letter?.reason !== "retries_exhausted" || delivery.accepted.length > 0) return;
    const counted = delivery.counted("most").length;
    if (counted <= smallest)
      this.#broken(`${seq} is dead after ${counted} counted attempts instead of ${smallest + 1}`);
  }
}

function retriesOf(retry: RetryPolicy): number {
  if (typeof retry === "object" && "delaysMs" in retry) return retry.delaysMs.length;
  throw new Error("this policy is not simulated");
}
