export type SubscriptionKind = "push" | "pull";

/** The settings that the API refuses for a kind of subscription. */
export const settingsHidden: Readonly<Record<SubscriptionKind, readonly string[]>> = {
  push: ["pull"],
  pull: ["push", "retry", "maxInFlight", "rate", "breaker", "disableAfterMs"],
};
