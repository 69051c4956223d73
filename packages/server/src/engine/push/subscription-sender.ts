import type { EncodedRequest } from "@ringback/sdk/protocols";
import { limits } from "../../domain/limits.ts";
import type { Attempt, Subscription, TimeMs } from "../../domain/model.ts";
import type { Clock, Random, Timers } from "../../domain/ports.ts";
import type { Claim, ClaimId, Settled } from "../../store/log.ts";
import type { PostResult, Transport } from "../../transport/port.ts";
import { afterFailure } from "./after-failure.ts";
import { emitDeliveryEvents } from "../delivery-events.ts";
import { engineLimits } from "../engine-limits.ts";
import { EndpointHealth } from "./endpoint-health.ts";
import { SendQueue, type Queued } from "./send-queue.ts";
import { encode, judge, routeOf, type EncodeFailure, type Route } from "./outgoing.ts";
import type { EventBus } from "../event-bus.ts";
import type { KeyRing } from "../keys/keys.ts";
import type { EngineObserver } from "../observer.ts";
import type { Settler } from "./settler.ts";
import type { Slot, Slots, SlotUser, Standing } from "./slots.ts";

/** What every sender shares. */
export interface SenderContext {
  readonly transport: Transport;
  readonly settler: Settler;
  readonly slots: Slots;
  readonly events: EventBus;
  readonly observer: EngineObserver;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly topicOwner: number;
  readonly nextRequestId: () => string;
  readonly keyRing: KeyRing;
  /** The endpoint has said that it is gone for good. */
  readonly gone: (subscription: Subscription) => void;
  readonly failed: (error: unknown) => void;
  /** False: others may have what this process has claimed. `onRoom` follows when it is known. */
  readonly maySend: () => boolean;
  /** The sender could use a claim. */
  readonly wantsClaim: (sender: SubscriptionSender) => void;
  /** A claim has nothing left in this sender. */
  readonly claimEnded: (claimId: ClaimId) => void;
}

/** A delivery that has taken its slot. */
interface Sent {
  readonly queued: Queued;
  readonly slot: Slot;
  readonly route: Route;
  readonly startedAtMs: TimeMs;
}

/** An attempt that ended before its POST: a key is missing, which a later attempt may find. */
const unsigned = { error: "key_unavailable", durationMs: 0, status: 0, body: null } as const;
type Unsigned = typeof unsigned;
const cannotSign = { verdict: "error", errorCode: unsigned.error, gone: false, retryAfter: null } as const;

/**
 * One subscription's way out: a queue of claimed deliveries, a window of POSTs in flight, and what is known about the
 * endpoint. Senders share nothing but the slots, so what one endpoint does stays with its sender.
 */
export class SubscriptionSender implements SlotUser {
  readonly #context: SenderContext;
  readonly #health: EndpointHealth;
  #subscription: Subscription;
  #route: Route;
  readonly #queue: SendQueue;
  #inFlight = 0;
  #oldestStartMs: TimeMs = 0;
  /** Deliveries of each claim that have not come to an end. */
  readonly #claims = new Map<ClaimId, number>();
  /** A claim has been asked for and not been answered. */
  #claimIsOut = false;
  #claimAskedAtMs: TimeMs = 0;
  /** Keys that a failure holds up and that the store holds since the claim that is out was asked for. */
  #keysToLetGo: string[] = [];
  /** Settlements that the store has not answered, of those that something waits for. */
  #unwritten = 0;
  #parkedCount = 0;
  #dueAtMs: TimeMs | null = null;
  #cancelDueTimer: (() => void) | null = null;
  #stopped = false;
  /** The last claim left the log alone, because too much of this subscription is parked. */
  #keptFromLog = false;
  #lastUsedMs: TimeMs;
  /** There may be work that no claim has been asked for yet. */
  hasMore = true;

  constructor(subscription: Subscription, context: SenderContext) {
    this.#context = context;
    this.#subscription = subscription;
    this.#route = routeOf(subscription, context.topicOwner, context.maySend);
    this.#queue = new SendQueue(subscription.settings.order);
    this.#health = new EndpointHealth(subscription.settings.maxInFlight);
    this.#lastUsedMs = context.clock.now();
  }

  get id() {
    return this.#subscription.id;
  }

  get origin(): string {
    return this.#route.endpoint.origin;
  }

  get windowMax(): number {
    return this.#subscription.settings.maxInFlight;
  }

  get standing(): Standing {
    const health = this.#health;
    if (health.isFailing) return "slow";
    // The first POST finds out what an endpoint is like; the next ones must not take room from those that are known.
    if (health.isUnproven) return this.#inFlight > 0 || health.hasFailed ? "slow" : "unknown";
    const isStalled = this.#inFlight > 0 && health.isStalled(this.#context.clock.now(), this.#oldestStartMs);
    return isStalled ? "slow" : "good";
  }

  isIdle(nowMs: TimeMs): boolean {
    return (
      this.#inFlight === 0 &&
      this.#queue.size === 0 &&
      !this.#claimIsOut &&
      this.#dueAtMs === null &&
      !this.hasMore &&
      nowMs - this.#lastUsedMs > engineLimits.senderIdleMs
    );
  }

  /** How many deliveries the next claim should bring; 0: none now. A window ahead keeps claims few and batches large. */
  get wanted(): number {
    if (this.#stopped || this.#queue.size * 2 >= this.#health.window) return 0;
    return Math.max(1, this.#health.window * 2 - this.#inFlight - this.#queue.size);
  }

  /** `false`: parked deliveries only, because too many of them wait already. */
  get wantsFromLog(): boolean {
    return this.#parkedCount < (this.#health.isFailing ? limits.parkedFailingMax : limits.parkedMax);
  }

  get order() {
    return this.#subscription.settings.order;
  }

  /** After `stop`: something is in flight or about to come, or the store does not know yet what became of it. */
  get isDraining(): boolean {
    return this.#claims.size > 0 || this.#claimIsOut || this.#unwritten > 0;
  }

  get isAsking(): boolean {
    return this.#claimIsOut;
  }

  /** `accept` or `claimFailed` follows. */
  claimAsked(): void {
    this.#claimIsOut = true;
    // Else each POST that ends meanwhile would ask for one more claim.
    this.hasMore = false;
    this.#claimAskedAtMs = this.#context.clock.now();
  }

  claimFailed(): void {
    this.hasMore = true;
    this.#claimIsHere();
  }

  /** Its order must be the same. */
  change(subscription: Subscription): void {
    this.#subscription = subscription;
    this.#route = routeOf(subscription, this.#context.topicOwner, this.#context.maySend);
    this.#health.setWindowMax(subscription.settings.maxInFlight);
    // It may have waited for room that it does not need any more.
    this.#run();
  }

  /** Nothing more goes out; what had not started goes back. */
  stop(): void {
    this.#stopped = true;
    this.#cancelDueTimer?.();
    this.#cancelDueTimer = null;
    this.#context.slots.forget(this);
    this.#releaseQueued();
  }

  accept(claim: Claim, fromLog: boolean): void {
    this.#lastUsedMs = this.#context.clock.now();
    this.#parkedCount = claim.parkedCount;
    this.#keptFromLog = !fromLog;
    // The log has more, but not for now: asking again would bring nothing until an attempt succeeds.
    if (claim.more && (fromLog || claim.deliveries.length > 0 || this.wantsFromLog)) this.hasMore = true;
    if (claim.nextDueAtMs !== null) {
      // Overdue, and yet the claim did not bring it: something else must come to its end first.
      const isHeldBack = claim.deliveries.length === 0 && claim.nextDueAtMs < this.#claimAskedAtMs;
      const dueAtMs = isHeldBack ? this.#lastUsedMs + engineLimits.overdueRetryMs : claim.nextDueAtMs;
      // An earlier time may have become known while the claim was under way.
      if (this.#dueAtMs === null || dueAtMs < this.#dueAtMs) this.#waitUntilDue(dueAtMs);
    }
    if (claim.deliveries.length === 0) {
      this.#claimIsHere();
      if (this.hasMore && this.wanted > 0) this.#context.wantsClaim(this);
      return;
    }
    this.#claims.set(claim.id, claim.deliveries.length);
    let bytes = 0;
    for (const delivery of claim.deliveries) {
      bytes += delivery.message.body.byteLength;
      this.#queue.push({ claimId: claim.id, delivery });
    }
    this.#context.slots.addBytes(bytes);
    this.#claimIsHere();
    if (this.#stopped) this.#releaseQueued();
    else this.#run();
  }

  #claimIsHere(): void {
    this.#claimIsOut = false;
    if (this.#keysToLetGo.length > 0) for (const key of this.#keysToLetGo.splice(0)) this.#letKeyGo(key);
    if (this.#stopped) this.#context.wantsClaim(this);
  }

  /** The lease of this claim is gone: what it brought and has not started belongs to somebody else. */
  drop(claimId: ClaimId): void {
    for (const queued of this.#queue.takeClaim(claimId)) this.#end(queued);
    // Perhaps nobody else wants it.
    this.hasMore = true;
    this.#run();
  }

  onRoom(): void {
    this.#run();
  }

  #run(): void {
    while (!this.#stopped && this.#inFlight < this.#health.window) {
      const queued = this.#queue.peek();
      if (queued !== null && !this.#context.maySend()) break;
      const slot = queued === null ? null : this.#context.slots.take(this);
      if (queued === null || slot === null) break;
      this.#queue.start(queued);
      this.#start(queued, slot);
    }
    if (this.#queue.isDrained()) {
      // A strict subscription gets its next claim only when nothing of the last one is left.
      if (this.#inFlight === 0 && this.#subscription.settings.order === "strict") this.hasMore = true;
    }
    if (this.hasMore && this.wanted > 0) this.#context.wantsClaim(this);
  }

  #start(queued: Queued, slot: Slot): void {
    const { clock, keyRing, nextRequestId } = this.#context;
    const startedAtMs = clock.now();
    if (this.#inFlight === 0) this.#oldestStartMs = startedAtMs;
    this.#inFlight++;
    const sent: Sent = { queued, slot, route: this.#route, startedAtMs };
    const sending = { requestId: nextRequestId(), sentAtMs: startedAtMs };
    const encoded = encode(sent.route, queued.delivery, sending, keyRing);
    if (!(encoded instanceof Promise)) return this.#post(sent, encoded);
    void this.#postEncoded(sent, encoded);
  }

  async #postEncoded(sent: Sent, encoding: Promise<EncodedRequest | EncodeFailure>): Promise<void> {
    let request: EncodedRequest | EncodeFailure;
    try {
      request = await encoding;
    } catch (error) {
      // A fault of ours, which must not hold the slot: it counts as an attempt, and the policy decides.
      this.#context.failed(error);
      request = "key_unavailable";
    }
    this.#post(sent, request);
    if (typeof request === "string") this.#run();
  }

  #post(sent: Sent, request: EncodedRequest | EncodeFailure): void {
    const { queued, slot, route } = sent;
    if (request === "unencodable") {
      this.#leave(slot);
      this.#settle(queued, null, { kind: "dead", reason: "unencodable" });
      this.#free(queued, "over");
    } else if (request === "key_unavailable") {
      this.#leave(slot);
      this.#finish(sent, unsigned);
    } else {
      this.#context.transport.post(route.endpoint, request.headers, request.body, (result) => {
        this.#leave(slot);
        this.#finish(sent, result);
        this.#run();
      });
    }
  }

  #leave(slot: Slot): void {
    this.#inFlight--;
    this.#context.slots.free(slot);
  }

  #finish({ queued, route, startedAtMs }: Sent, result: PostResult | Unsigned): void {
    const { clock, observer, random } = this.#context;
    if (result.error === "aborted") {
      // Our own doing, at the end of a drain: no attempt of the receiver's.
      this.#settle(queued, null, { kind: "released" });
      this.#free(queued, "released");
      return;
    }
    const nowMs = clock.now();
    const judgement = result.error === "key_unavailable" ? cannotSign : judge(route, result);
    const { verdict, errorCode } = judgement;
    const attempt: Attempt = {
      attempt: queued.delivery.attemptsMade + 1,
      startedAtMs,
      durationMs: Math.round(result.durationMs),
      verdict,
      status: result.status === 0 ? null : result.status,
      errorCode,
      reply: result.body,
    };
    observer.attempted(verdict, result.durationMs / 1000);
    if (verdict === "accepted") {
      this.#health.succeeded(nowMs);
      if (this.#keptFromLog) this.hasMore = true;
      if (attempt.attempt === 1) observer.delivered((nowMs - queued.delivery.message.publishedAtMs) / 1000);
      this.#settle(queued, attempt, { kind: "delivered" });
      this.#free(queued, "over");
    } else {
      this.#health.failed(nowMs);
      // It says nothing of an endpoint that the subscription has left behind, nor of one that somebody has resumed since.
      if (judgement.gone && route === this.#route && !this.#stopped) this.#context.gone(this.#subscription);
      const { retryAfter } = judgement;
      const settled = afterFailure(
        this.#subscription.settings.retry,
        { delivery: queued.delivery, startedAtMs, nowMs, retryAfter },
        random,
      );
      this.#settle(queued, attempt, settled);
      this.#free(queued, settled.kind === "parked" ? "parked" : "over");
    }
  }

  #settle(queued: Queued, attempt: Attempt | null, settled: Settled): void {
    const { settler, events, observer, clock } = this.#context;
    const isWaitedFor = settled.kind === "parked" || this.#stopped;
    if (isWaitedFor) this.#unwritten++;
    settler.add(
      {
        claimId: queued.claimId,
        subscriptionId: this.#subscription.id,
        delivery: queued.delivery,
        attempt,
        settled,
      },
      isWaitedFor ? () => this.#written(queued, settled) : null,
    );
    if (settled.kind === "dead") observer.dead(settled.reason);
    if (events.listening) {
      emitDeliveryEvents(events, this.#subscription, queued.delivery, { at: clock.now(), attempt, settled });
    }
    this.#end(queued);
  }

  /** Lets the next delivery of the same ordering key go, or sends back what a failure holds. */
  #free(queued: Queued, outcome: "over" | "parked" | "released"): void {
    if (outcome === "over") this.#queue.over(queued);
    else for (const other of this.#queue.unfinished(queued, outcome === "parked")) this.#sendBack(other);
  }

  #sendBack(queued: Queued): void {
    this.#settle(queued, null, { kind: this.#queue.isBehindFailed(queued) ? "held" : "released" });
  }

  /** The store has answered. */
  #written(queued: Queued, settled: Settled): void {
    this.#unwritten--;
    if (settled.kind === "parked") {
      const key = this.order === "key" ? this.#queue.keyOf(queued) : null;
      if (key !== null && this.#claimIsOut) this.#keysToLetGo.push(key);
      else if (key !== null) this.#letKeyGo(key);
      this.#parkedUntil(settled.dueAtMs);
    }
    // The sender that takes its place knows nothing of what this one has left.
    if (this.#stopped) this.#context.wantsClaim(this);
  }

  /** From now on the store holds the key's successors; those that came before it did go back to it. */
  #letKeyGo(key: string): void {
    this.#queue.letKeyGo(key, (queued) => this.#sendBack(queued));
    this.#run();
  }

  #releaseQueued(): void {
    for (const queued of this.#queue.takeAll()) this.#sendBack(queued);
  }

  #end({ claimId, delivery }: Queued): void {
    this.#context.slots.addBytes(-delivery.message.body.byteLength);
    const left = (this.#claims.get(claimId) ?? 1) - 1;
    if (left > 0) {
      this.#claims.set(claimId, left);
      return;
    }
    this.#claims.delete(claimId);
    this.#context.claimEnded(claimId);
  }

  #parkedUntil(dueAtMs: TimeMs): void {
    this.#parkedCount++;
    if (this.#dueAtMs === null || dueAtMs < this.#dueAtMs) this.#waitUntilDue(dueAtMs);
  }

  #waitUntilDue(dueAtMs: TimeMs | null): void {
    this.#cancelDueTimer?.();
    this.#cancelDueTimer = null;
    this.#dueAtMs = dueAtMs;
    if (dueAtMs === null || this.#stopped) return;
    const delayMs = Math.max(0, dueAtMs - this.#context.clock.now());
    this.#cancelDueTimer = this.#context.timers.after(Math.min(delayMs, engineLimits.dueTimerMsMax), () => {
      this.#cancelDueTimer = null;
      this.#dueAtMs = null;
      this.hasMore = true;
      this.#context.wantsClaim(this);
    });
  }
}
