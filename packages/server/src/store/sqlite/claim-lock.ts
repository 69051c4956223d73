import type { SubscriptionEntry } from "./catalog.ts";

/**
 * Keeps claims away from these subscriptions until the returned function is called; those under way are waited for. Taken
 * one after the other, so that a busy subscription cannot keep the gate from closing: only one holder at a time may
 * do so, or two could wait for each other.
 */
export async function lockClaims(entries: readonly SubscriptionEntry[]): Promise<() => void> {
  const { promise: held, resolve: finished } = Promise.withResolvers<void>();
  for (const entry of entries) {
    while (entry.claiming !== null) await entry.claiming;
    entry.claiming = held;
  }
  return () => {
    for (const entry of entries) entry.claiming = null;
    finished();
  };
}
