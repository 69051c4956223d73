import type { Attempt, DeadReason, Message, PullSettings, Subscription, TimeMs } from "../../domain/model.ts";
import type { Clock } from "../../domain/ports.ts";
import type { Claim, ClaimedDelivery, Settled, Settlement } from "../../store/log.ts";
import type { Store } from "../../store/store.ts";
import { emitDeliveryEvents } from "../delivery-events.ts";
import { engineLimits } from "../engine-limits.ts";
import type { EventBus } from "../event-bus.ts";
import type { EngineObserver } from "../observer.ts";
import { isReceivesEnded } from "./allocation.ts";

/** `moved`: it is elsewhere, durably. `refused`: it stays here as a dead letter. `later`: it could not be moved for now. */
export type Moved = "moved" | "refused" | "later";

/** Where a subscription's messages go that nobody has acknowledged, if not among its own dead letters. */
export interface DeadLetterWay {
  /** How long after its first handing out a message is handed out again at most; null: for ever. */
  readonly ttlMs: number | null;
  /** More than once for the same message and time must be the same as once. */
  move(message: Message, firstReceivedAtMs: TimeMs): Promise<Moved>;
}

/** null: among its own dead letters. */
export type DeadLetterWays = (subscription: Subscription) => Promise<DeadLetterWay | null>;

export interface DeadLetteringContext {
  readonly store: Store;
  readonly clock: Clock;
  readonly events: EventBus;
  readonly observer: Pick<EngineObserver, "dead">;
}

interface DeadLettering {
  readonly delivery: ClaimedDelivery;
  readonly reason: DeadReason;
  readonly moved: Moved;
}

/**
 * What was handed out often enough, or long enough ago, goes where it is to go: first it is there, then it is settled here.
 * After a crash in between it is moved once more, which changes nothing.
 */
export async function deadLetter(
  { store, clock, events, observer }: DeadLetteringContext,
  about: { readonly subscription: Subscription; readonly pull: PullSettings; readonly way: DeadLetterWay | null },
  claim: Claim,
  ended: readonly ClaimedDelivery[],
): Promise<void> {
  const { subscription, pull, way } = about;
  const deadLetterings = await Promise.all(
    ended.map(async (delivery): Promise<DeadLettering> => {
      const reason = isReceivesEnded(pull, delivery) ? "receives_exhausted" : "expired";
      const firstReceivedAtMs = delivery.firstAttemptAtMs ?? clock.now();
      const moved = way === null ? "refused" : await way.move(delivery.message, firstReceivedAtMs);
      return { delivery, reason, moved };
    }),
  );
  const nowMs = clock.now();
  const settlements = deadLetterings.map((deadLettering): Settlement => {
    const attempt = deadLettering.moved === "moved" ? attemptOf(deadLettering, nowMs) : null;
    const { delivery } = deadLettering;
    return {
      claimId: claim.id,
      subscriptionId: subscription.id,
      delivery,
      attempt,
      settled: settledAs(deadLettering, nowMs),
    };
  });
  // They have passed to somebody else, who will tell.
  if ((await store.log.settle(settlements)) < settlements.length) return;
  for (const { delivery, reason, moved } of deadLetterings) {
    if (moved === "later") continue;
    observer.dead(reason);
    if (!events.listening) continue;
    emitDeliveryEvents(events, subscription, delivery, { at: nowMs, attempt: null, settled: { kind: "dead", reason } });
  }
}

function settledAs({ delivery, reason, moved }: DeadLettering, nowMs: TimeMs): Settled {
  if (moved === "moved") return { kind: "delivered" };
  if (moved === "refused") return { kind: "dead", reason };
  return {
    kind: "parked",
    dueAtMs: nowMs + engineLimits.deadLetterRetryMs,
    // One more: hidden as it was before, it would be its last receiver's again, whose receipt handle has ended.
    retriesMade: delivery.retriesMade + 1,
  };
}

/** Its record, without which nothing would tell why it is not here any more. */
function attemptOf({ delivery, reason }: DeadLettering, nowMs: TimeMs): Attempt {
  return {
    attempt: delivery.retriesMade,
    startedAtMs: nowMs,
    durationMs: 0,
    verdict: "failed",
    status: null,
    errorCode: reason,
    reply: null,
  };
}
