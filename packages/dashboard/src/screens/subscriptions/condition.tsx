import type { components } from "@ringback/sdk/client";
import { Status, type Tone } from "../../parts/status.tsx";
import { useText } from "../../language/text.ts";

export type ShownSubscription = components["schemas"]["ListedSubscription"];

export type Condition = "disabled" | "paused" | "open" | "failing" | "unverified" | "healthy";

/** State and health of a subscription in one word: the one that matters first. */
export function conditionOf({
  state,
  health,
  verification,
}: Pick<ShownSubscription, "state" | "health" | "verification">): Condition {
  if (state === "disabled" || state === "paused") return state;
  if (verification !== null && verification.state !== "verified") return "unverified";
  return health;
}

export const conditionTones: Readonly<Record<Condition, Tone>> = {
  disabled: "bad",
  open: "bad",
  failing: "warn",
  unverified: "warn",
  paused: "plain",
  healthy: "good",
};

export function ConditionStatus({
  subscription,
}: {
  readonly subscription: Pick<ShownSubscription, "state" | "health" | "verification">;
}) {
  const text = useText();
  const condition = conditionOf(subscription);
  return <Status tone={conditionTones[condition]}>{text(`condition.${condition}`)}</Status>;
}
