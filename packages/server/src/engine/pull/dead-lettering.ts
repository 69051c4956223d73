import { momentOf } from "../../domain/clock-rules.ts";
import type { DeadReason, Message, PullSettings, Subscription, TimeMs } from "../../domain/model.ts";
import type { Claim, ClaimedDelivery, Settled, Settlement } from "../../store/log.ts";
import { reportDelivery } from "../delivery-report.ts";
import { engineLimits } from "../engine-limits.ts";
import { fetchAttempt } from "./fetch-attempt.ts";
import { isReceivesEnded } from "./allocation.ts";
import type { EngineServices } from "../services.ts";

/**
 * `moved`: the message is durably stored in the target. `refused`: the target never takes the message, so it becomes a
 * dead letter of its subscription. `later`: the target cannot take the message at present.
 */
export type Moved = "moved" | "refused" | "later";

/** The target to which a subscription moves the messages that no receiver has acknowledged. */
export interface DeadLetterTarget {
  /** A message is moved when this time has passed since its first receive; null: only the number of receives counts. */
  readonly ttlMs: number | null;
  /** Repeated calls with the same message and time store the message once. */
  move(message: Message, firstReceivedAtMs: TimeMs): Promise<Moved>;
}

/** Returns null if such messages become dead letters of the subscription. */
export type FindDeadLetterTarget = (subscription: Subscription) => Promise<DeadLetterTarget | null>;

interface DeadLettering {
  readonly delivery: ClaimedDelivery;
  readonly reason: DeadReason;
  readonly moved: Moved;
}

/**
 * Moves messages that were received too often, or for the first time too long ago. A message is first stored in its
 * target and then settled here. If the process crashes in between, the message is moved a second time, and the target
 * ignores the repetition.
 */
export async function deadLetter(
  services: EngineServices,
  about: { readonly subscription: Subscription; readonly pull: PullSettings; readonly target: DeadLetterTarget | null },
  claim: Claim,
  ended: readonly ClaimedDelivery[],
): Promise<void> {
  const { store, clock } = services;
  const { subscription, pull, target } = about;
  const deadLetterings = await Promise.all(
    ended.map(async (delivery): Promise<DeadLettering> => {
      const reason = isReceivesEnded(pull, delivery) ? "receives_exhausted" : "expired";
      const firstReceivedAtMs = delivery.firstAttemptAtMs ?? clock.now();
      const moved = target === null ? "refused" : await target.move(delivery.message, firstReceivedAtMs);
      return { delivery, reason, moved };
    }),
  );
  const { nowMs, wallMs } = momentOf(clock);
  const settlements = deadLetterings.map((deadLettering): Settlement => {
    const { delivery, reason, moved } = deadLettering;
    // This record is the only explanation of why the message has left the subscription.
    const attempt = moved === "moved" ? fetchAttempt(delivery.retriesMade, wallMs, 0, reason) : null;
    const settled = settledAs(deadLettering, nowMs);
    return { claimId: claim.id, subscriptionId: subscription.id, delivery, attempt, settled };
  });
  // Another node has settled or claimed some of the deliveries, and that node reports the events.
  if ((await store.log.settle(settlements, "fail")) < settlements.length) return;
  for (const { delivery, reason, moved } of deadLetterings) {
    if (moved === "later") continue;
    const settled = { kind: "dead", reason } as const;
    const { message } = delivery;
    reportDelivery(services, { subscription, message, attempt: null, durationMs: 0, settled, atMs: wallMs });
  }
}

function settledAs({ delivery, reason, moved }: DeadLettering, nowMs: TimeMs): Settled {
  if (moved === "moved") return { kind: "delivered" };
  if (moved === "refused") return { kind: "dead", reason };
  return {
    kind: "parked",
    dueAtMs: nowMs + engineLimits.deadLetterRetryMs,
    // The count must change. With the same count, the expired receipt handle of the last receiver would be valid again.
    retriesMade: delivery.retriesMade + 1,
  };
}
