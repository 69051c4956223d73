import type { SubscriptionEntry } from "./subscription-entry.ts";

/**
 * Waits until no claim is under way for these subscriptions, and keeps new ones waiting until the returned function is
 * called. Locks them one after the other, so that a busy subscription cannot keep its lock from being taken; with two
 * callers at once each could wait for the other, so there must be only one.
 */
export async function lockClaims(entries: readonly SubscriptionEntry[]): Promise<() => void> {
  const { promise: locked, resolve: unlock } = Promise.withResolvers<void>();
  for (const entry of entries) {
    while (entry.claiming !== null) await entry.claiming;
    entry.claiming = locked;
  }
  return () => {
    for (const entry of entries) entry.claiming = null;
    unlock();
  };
}
