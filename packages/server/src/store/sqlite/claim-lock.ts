import type { SubscriptionEntry } from "./subscription-entry.ts";

/**
 * Waits until no claim is under way for these subscriptions. New claims then wait until the returned function is
 * called. The subscriptions are locked one after the other, and a locked one accepts no new claims, so a busy
 * subscription cannot delay the lock for ever. Two concurrent callers could deadlock, so there must be only one caller
 * at a time.
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
