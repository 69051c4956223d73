import { RingbackError } from "../domain/errors.ts";
import type { SubscriptionHealth } from "../domain/model.ts";
import type { SubscriptionFilter } from "./record-filters.ts";

/** The place of a subscription in a list over all topics. No name contains a slash. */
export interface SubscriptionPosition {
  readonly topic: string;
  readonly name: string;
}

export function subscriptionPosition({ topic, name }: SubscriptionPosition): string {
  return `${topic}/${name}`;
}

/** Throws `invalid_cursor`. */
export function parseSubscriptionPosition(after: string | null): SubscriptionPosition | null {
  if (after === null) return null;
  const [, topic, name] = /^([\w.-]+)\/([\w.-]+)$/.exec(after) ?? [];
  if (topic === undefined || name === undefined) throw new RingbackError("invalid_cursor");
  return { topic, name };
}

/** Whether a subscription with this health, null if it is healthy, meets the filter. */
export function hasHealth(health: SubscriptionHealth["state"] | null, wanted: SubscriptionFilter["health"]): boolean {
  if (wanted === undefined) return true;
  return wanted === "unhealthy" ? health !== null : (health ?? "healthy") === wanted;
}

/** `exceptional`: only few subscriptions can match, and drivers find them without reading the others. */
export function isExceptional({ state, health }: SubscriptionFilter): boolean {
  return (state !== undefined && state !== "active") || (health !== undefined && health !== "healthy");
}
