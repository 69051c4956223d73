import type { Attempt, Subscription } from "../../domain/model.ts";
import type { DeliveryOutcome } from "../delivery-outcome.ts";
import { branded } from "./brand.ts";
import { plainPush, plainSubscription } from "./plain-settings.ts";

const atMs = Date.UTC(2026, 0, 31, 9, 30);

/** A subscription with default settings, for tests of whoever receives reports. */
export function subscriptionOf(topic: string, name: string, id = 1): Subscription {
  return {
    id: branded(id),
    accountId: branded(1),
    topicId: branded(id),
    topic,
    name,
    state: "active",
    disabled: null,
    health: null,
    settings: {
      ...plainSubscription,
      filter: { tags: [], types: [] },
      push: { ...plainPush, url: "http://receiver.test/" },
    },
    version: 1,
    createdAtMs: atMs,
    updatedAtMs: atMs,
  };
}

/** An accepted first attempt after 20 ms, with the given members changed. */
export function outcomeOf(
  changes: Partial<Omit<DeliveryOutcome, "attempt">> & { readonly attempt?: Partial<Attempt> | null } = {},
): DeliveryOutcome {
  const { attempt = {}, durationMs = 20, ...others } = changes;
  return {
    subscription: subscriptionOf("orders", "mail"),
    message: { seq: 7, publishedAtMs: atMs },
    settled: { kind: "delivered" },
    atMs: atMs + durationMs,
    ...others,
    durationMs,
    attempt: attempt && {
      attempt: 1,
      startedAtMs: atMs,
      durationMs: Math.round(durationMs),
      verdict: "accepted",
      status: 200,
      errorCode: null,
      errorDetail: null,
      reply: null,
      ...attempt,
    },
  };
}
