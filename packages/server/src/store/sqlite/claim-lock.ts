import type { SubscriptionEntry } from "./subscription-entry.ts";

/**
 * Runs `work` while no claim is under way for these subscriptions. New claims wait until `work` has ended. The
 * subscriptions are locked one after the other, and a locked one accepts no new claims, so a busy subscription cannot
 * delay the lock for ever. Two concurrent callers could deadlock, so there must be only one caller at a time.
 */
export async function withClaimsLocked<T>(entries: readonly SubscriptionEntry[], work: () => Promise<T>): Promise<T> {
  const { promise: locked, resolve: unlock } = Promise.withResolvers<void>();
  for (const entry of entries) {
    while (entry.claiming !== null) await entry.claiming;
    entry.claiming = locked;
  }
  try {
    return await work();
  } finally {
    for (const entry of entries) entry.claiming = null;
    unlock();
  }
}
