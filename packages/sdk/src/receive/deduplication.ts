/** Calls the handler once per message. Senders deliver each message at least once, and may repeat it. */

import { toBase64 } from "../protocols/base64.ts";
import type { IncomingMessage } from "../protocols/protocol.ts";
import type { DeduplicationStore, StoredDeduplication } from "./deduplication-store.ts";
import { type DeduplicationLimits, MemoryDeduplicationStore } from "./memory-deduplication-store.ts";
import { wholeNumber } from "./whole-number.ts";

/** Longer than the retries of the policy `webhook`, of which the last one may come 83 hours after the first attempt. */
const ttlMsDefault = 4 * 24 * 60 * 60_000;
const claimMsDefault = 30_000;
/**
 * A repetition waits for the running handler of its message if the handler began less than this long ago. A handler
 * that runs for longer may never end, so a later repetition is handled again.
 */
export const joinableMsMax = 5 * 60_000;

interface InProgress {
  readonly outcome: Promise<boolean>;
  readonly sinceMs: number;
}

/** Handles one message, and reports the errors of a store. */
export interface Handling {
  /** Whether the program's handler succeeded. Never rejects. */
  readonly handle: () => Promise<boolean>;
  /** Never rejects. */
  readonly report: (error: unknown) => Promise<void>;
}

export class Deduplication {
  readonly #store: DeduplicationStore;
  readonly #claimMs: number;
  readonly #ttlMs: number;
  readonly #clock: () => number;
  /** Messages that this process handles. Their number is limited by the number of handlers that run at once. */
  readonly #inProgress = new Map<string, InProgress>();

  constructor({ store, claimMs = claimMsDefault, ttlMs = ttlMsDefault }: StoredDeduplication, clock: () => number) {
    this.#store = store;
    this.#claimMs = wholeNumber("deduplicate.claimMs", claimMs, 1, Number.MAX_SAFE_INTEGER);
    this.#ttlMs = wholeNumber("deduplicate.ttlMs", ttlMs, 1, Number.MAX_SAFE_INTEGER);
    this.#clock = clock;
  }

  /**
   * Returns true when the message was handled before, or is now handled. While this process handles a message, its
   * repetitions wait and get the same result. Failures are not remembered, so the sender's retry is handled again.
   * Returns false while another process has the claim, and when the store cannot answer: the sender then retries.
   */
  async once(key: string, handling: Handling): Promise<boolean> {
    const nowMs = this.#clock();
    const running = this.#inProgress.get(key);
    if (running !== undefined && nowMs - running.sinceMs < joinableMsMax) return await running.outcome;
    const started = { outcome: this.#claimed(key, handling), sinceMs: nowMs };
    this.#inProgress.set(key, started);
    try {
      return await started.outcome;
    } finally {
      if (this.#inProgress.get(key) === started) this.#inProgress.delete(key);
    }
  }

  /** Never rejects. */
  async #claimed(key: string, { handle, report }: Handling): Promise<boolean> {
    const owner = crypto.randomUUID();
    try {
      const claiming = this.#store.claim(key, owner, this.#claimMs);
      const claim = typeof claiming === "string" ? claiming : await claiming;
      if (claim !== "new") return claim === "done";
    } catch (error) {
      await report(error);
      return false;
    }
    const isHandled = await handle();
    try {
      await (isHandled ? this.#store.done(key, owner, this.#ttlMs) : this.#store.release(key, owner));
    } catch (error) {
      // The outcome stands. The claim in the store ends by itself, so a later repetition is handled again.
      await report(error);
    }
    return isHandled;
  }
}

/** Returns null for a receiver that does not deduplicate. */
export function createDeduplication(
  setting: boolean | DeduplicationLimits | StoredDeduplication | undefined,
  clock: () => number,
): Deduplication | null {
  if (setting === undefined || setting === false) return null;
  if (setting !== true && "store" in setting) return new Deduplication(setting, clock);
  const limits = setting === true ? {} : setting;
  const { ttlMs = ttlMsDefault } = limits;
  return new Deduplication({ store: new MemoryDeduplicationStore(limits, clock), ttlMs }, clock);
}

/**
 * The longest key that is stored unchanged. A longer key is stored as its hash, so that long ids do not fill the
 * memory.
 */
const plainKeyCharsMax = 128;

/**
 * Returns the key of a message for deduplication: its topic and id, because ids of some senders are unique only within
 * a topic. With `byId` the key is the id alone. Returns null for a message without an id.
 */
export async function deduplicationKey(message: IncomingMessage, byId = false): Promise<string | null> {
  if (message.messageId === null) return null;
  const key = JSON.stringify([byId ? null : message.topic, message.messageId]);
  if (key.length <= plainKeyCharsMax) return key;
  return toBase64(new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(key))));
}
