import type { Timers } from "../../../domain/ports.ts";
import type { SqliteStoreOptions } from "../sqlite-store.ts";

/** Shortens every wait, so that tests are fast. */
const shortTimers: Timers = {
  after(delayMs, task) {
    const timer = setTimeout(task, Math.min(delayMs, 2));
    return () => clearTimeout(timer);
  },
  soon: (task) => void setImmediate(task),
};

export function storeOptions(folder: string, options: Partial<SqliteStoreOptions> = {}): SqliteStoreOptions {
  return {
    folder,
    account: { name: "default", appId: 1_250_000_000 },
    bytesMax: 0,
    messageCacheBytes: 1_000_000,
    attemptRetentionMs: 30 * 86_400_000,
    deadLetterRetentionMs: 30 * 86_400_000,
    auditRetentionMs: 30 * 86_400_000,
    timers: shortTimers,
    ...options,
  };
}
