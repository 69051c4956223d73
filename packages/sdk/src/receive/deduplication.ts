/** Calls the handler once per message. Senders deliver each message at least once, and may repeat it. */

import { toBase64 } from "../protocols/base64.ts";
import type { IncomingMessage } from "../protocols/protocol.ts";
import { wholeNumber } from "./whole-number.ts";

/** Limits of the memory of handled messages. The oldest messages are forgotten first. */
export interface DeduplicationLimits {
  /** The most messages. Each takes 100 to 400 bytes. Default: 100,000. */
  readonly entriesMax?: number;
  /**
   * How long a message is remembered, in milliseconds. Default: one day, the longest time that CMQ's retry policies
   * take.
   */
  readonly ttlMs?: number;
}

const entriesMaxDefault = 100_000;
const ttlMsDefault = 24 * 60 * 60_000;
/** The largest allowed `entriesMax`. V8 allows at most 2^24 entries in a Map. */
const entriesMaxMax = 10_000_000;
/**
 * A repetition waits for the running handler of its message if the handler began less than this long ago. A handler
 * that runs for longer may never end, so a later repetition is handled again.
 */
export const joinableMsMax = 5 * 60_000;

interface InProgress {
  readonly outcome: Promise<boolean>;
  readonly sinceMs: number;
}

export class Deduplication {
  readonly #entriesMax: number;
  readonly #ttlMs: number;
  readonly #clock: () => number;
  /** Messages that are being handled. Their number is limited by the number of handlers that run at the same time. */
  readonly #inProgress = new Map<string, InProgress>();
  /**
   * The time at which each message was handled. A Map keeps the order of insertion, so the first entry is the oldest.
   */
  readonly #handledAtMs = new Map<string, number>();

  constructor(limits: DeduplicationLimits, clock: () => number) {
    this.#entriesMax = wholeNumber("deduplicate.entriesMax", limits.entriesMax ?? entriesMaxDefault, 1, entriesMaxMax);
    this.#ttlMs = wholeNumber("deduplicate.ttlMs", limits.ttlMs ?? ttlMsDefault, 1, Number.MAX_SAFE_INTEGER);
    this.#clock = clock;
  }

  /** The number of messages that are remembered as handled. */
  get size(): number {
    return this.#handledAtMs.size;
  }

  /**
   * Returns true when the message was handled before, or is now handled by `handle`. While a message is being handled,
   * its repetitions wait and get the same result. Failures are not remembered, so the sender's retry is handled again.
   */
  async once(key: string, handle: () => Promise<boolean>): Promise<boolean> {
    this.#forgetExpired();
    if (this.#handledAtMs.has(key)) return true;
    const nowMs = this.#clock();
    const running = this.#inProgress.get(key);
    if (running !== undefined && nowMs - running.sinceMs < joinableMsMax) return await running.outcome;
    const handling = { outcome: handle(), sinceMs: nowMs };
    this.#inProgress.set(key, handling);
    try {
      const handled = await handling.outcome;
      if (handled) this.#remember(key);
      return handled;
    } finally {
      if (this.#inProgress.get(key) === handling) this.#inProgress.delete(key);
    }
  }

  #remember(key: string): void {
    this.#handledAtMs.delete(key);
    for (const oldest of this.#handledAtMs.keys()) {
      if (this.#handledAtMs.size < this.#entriesMax) break;
      this.#handledAtMs.delete(oldest);
    }
    this.#handledAtMs.set(key, this.#clock());
  }

  #forgetExpired(): void {
    const nowMs = this.#clock();
    for (const [key, handledAtMs] of this.#handledAtMs) {
      if (nowMs - handledAtMs < this.#ttlMs) return;
      this.#handledAtMs.delete(key);
    }
  }
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
