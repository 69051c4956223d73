/** Where a receiver remembers the messages that it has handled: in memory, or in a store of the program's own. */

/**
 * `new`: the caller has the claim, and handles the message now. `done`: the message was handled before. `busy`: another
 * caller has a claim that has not yet ended.
 */
export type Claim = "new" | "done" | "busy";

/**
 * A store that several processes share, for example Redis or a table of a SQL database. Each call must be atomic. Times
 * are lengths, so that the store can measure them with its own clock. Every method may also return its value without a
 * promise.
 *
 * Messages are still handled at least once: a claim ends by itself, so the retry of a message whose process has died is
 * handled, and a call that fails never reports a message as handled.
 */
export interface DeduplicationStore {
  /**
   * Claims the message for `claimMs`, if it was not handled and nobody has a claim. `key` names the message in at most
   * 128 characters of any kind, and `owner` names this claim.
   */
  claim(key: string, owner: string, claimMs: number): Claim | Promise<Claim>;
  /** Remembers for `keepMs` that the message was handled, whoever has a claim. */
  done(key: string, owner: string, keepMs: number): unknown;
  /** Ends the claim, because the handler has failed. Does nothing if the claim is not this owner's. */
  release(key: string, owner: string): unknown;
}

/** Settings of deduplication with a store of the program's own. */
export interface StoredDeduplication {
  readonly store: DeduplicationStore;
  /**
   * How long a claim lasts, in milliseconds: longer than the handler takes, and shorter than the sender retries.
   * Default: 30 seconds.
   *
   * While another process has the claim, the sender gets a failure and retries. If the process with the claim has died,
   * the first retry after the end of the claim is handled. A handler that runs longer than its claim may run twice.
   */
  readonly claimMs?: number;
  /**
   * How long a message is remembered, in milliseconds: longer than the sender retries. Default: four days, because
   * Ringback's retry policy `webhook` takes up to 83 hours.
   */
  readonly ttlMs?: number;
}
