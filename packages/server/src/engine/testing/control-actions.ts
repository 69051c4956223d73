import type { DeadReason, Seq, Subscription, SubscriptionSettings } from "../../domain/model.ts";
import type { RequestedReplay } from "../replay/replays.ts";
import type { ReplaySource } from "../../store/replays.ts";
import type { SeededRandom } from "./seeded-random.ts";
import type { Subscribing } from "./simulation.ts";

const retries: readonly [readonly number[], ...(readonly number[])[]] = [[], [500], [100, 1_000, 3_000]];
const rates = [
  null,
  null,
  { perSecond: 500, burst: 1 },
  { perSecond: 20, burst: 5 },
  { perSecond: 0.5, burst: 2 },
] as const;
const breakers = [
  null,
  { failures: 3, probeMs: 300 },
  { failures: 3, probeMs: 5_000 },
  { failures: 6, probeMs: 1_000 },
] as const;

/** The settings that are changed while messages are sent. */
export function randomControls(
  random: SeededRandom,
): Pick<SubscriptionSettings, "retry" | "maxInFlight" | "rate" | "breaker" | "disableAfterMs"> {
  return {
    retry: { delaysMs: random.pick(retries) },
    maxInFlight: random.pick([1, 3, 64]),
    rate: random.pick(rates),
    breaker: random.pick(breakers),
    disableAfterMs: random.pick([null, null, 15_000, 60_000]),
  };
}

export function randomSubscription(random: SeededRandom): Subscribing {
  return { order: random.pick(["none", "none", "key", "strict"]), ...randomControls(random) };
}

const reasons: readonly (readonly DeadReason[])[] = [[], ["retries_exhausted"], ["cancelled"]];

/** A replay, or a redrive of dead letters. */
export function randomReplay(
  random: SeededRandom,
  { subscription, other, lastSeq }: { subscription: Subscription; other: Subscription; lastSeq: Seq },
): RequestedReplay {
  const order = random.pick(["separate", "separate", "live"] as const);
  if (random.chance(0.4)) {
    const source: ReplaySource = {
      kind: "dead-letters",
      reasons: random.pick([[], ...reasons]),
      statuses: random.chance(0.2) ? [500, 503] : [],
      fromMs: null,
      toMs: null,
    };
    return { source, subscription, target: subscription, order };
  }
  const fromSeq = 1 + random.upTo(lastSeq - 1);
  const toSeq = fromSeq + random.upTo(lastSeq - fromSeq);
  const types = random.chance(0.2) ? ["order.paid"] : [];
  const source: ReplaySource = { kind: "messages", fromSeq, toSeq, types, only: random.pick(["all", "all", "failed"]) };
  return { source, subscription, target: random.chance(0.3) ? other : subscription, order };
}
