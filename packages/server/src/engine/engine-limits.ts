import { limits } from "../domain/limits.ts";

/** The engine's own limits on memory, concurrency and unwritten work. */
export const engineLimits = {
  /** Lease of a claim. Longer than the longest attempt, and renewed while the claim is open. */
  claimLeaseMs: 120_000,
  claimRenewMs: 40_000,
  /** Interval of checking whether this process still owns its claims, after it was silent for too long. */
  leaseCheckMs: 50,
  /** POSTs in flight to one origin, over all its subscriptions, unless one subscription alone may have more. */
  inFlightPerOriginMax: 128,
  /** Origins that are remembered without a POST in flight. */
  originsKeptMax: 10_000,
  /** Message bytes of one claim; one message always fits. */
  claimBytesMax: 256 * 1024,
  /** The most bytes that a claim may bring: it ends after the message that exceeds `claimBytesMax`. */
  claimReservedBytes: 256 * 1024 + limits.bodyBytesMax,
  /** Message bytes claimed and not settled, over all subscriptions. */
  claimedBytesMax: 64 * 1024 * 1024,
  /** Settlements waiting to be written. Past it nothing new is claimed. */
  unsettledMax: 20_000,
  /** Subscriptions in one call of `claim`. */
  claimWantsMax: 1_000,
  /** The window of a new or recovering endpoint: POSTs in flight at a time. Each success adds one. */
  windowStart: 8,
  /** The smallest window of a failing endpoint. */
  windowMin: 2,
  /** Failures in a row after which an endpoint is failing, and each failure halves its window. */
  failingAfter: 8,
  /** An endpoint with POSTs in flight and no reply for this long is stalled. */
  stalledAfterMs: 1_000,
  /** A sender without work for this long is dropped, with the health of its endpoint. */
  senderIdleMs: 60_000,
  senderSweepMs: 30_000,
  /** Interval of looking for work in the store, in case a wake-up was lost. */
  findWorkMs: 30_000,
  /** `setTimeout` is limited to 2^31 ms. A longer wait is checked again after this time. */
  dueTimerMsMax: 24 * 3600_000,
  /**
   * A due delivery that could not be claimed, because another one must come first, is requested again after this time.
   */
  overdueRetryMs: 1_000,
  /** Lease of a message while an inbox sends it to a client; the client's connection is cut before the lease ends. */
  inboxLeaseMs: limits.inboxAnswerMsMax + 30_000,
  /** The shortest wait before a claim at a time that the store has named. */
  claimAgainMsMin: 50,
  /** Lease of pulled messages until they are written as invisible: how long they are delayed when the process dies in between. */
  pullLeaseMs: 15_000,
  /** Messages that one claim brings for all requests that wait. */
  pullClaimMessagesMax: 1_000,
  /** The most that one claim may bring: it stops after the message that passes its bound. */
  pullReservedBytes: limits.pullBytesMax + limits.bodyBytesMax,
  /** Message bytes on their way to clients, who may read slowly: of one subscription or inbox, and of all of them together. */
  pullUnreadBytesMax: 16 * 1024 * 1024,
  pullUnreadBytesTotalMax: 64 * 1024 * 1024,
  /** After an error of the store, the next claim for waiting requests is made after this long. */
  pullRetryMs: 1_000,
  /** A message that its dead-letter queue cannot take now stays invisible this long and is tried again. */
  deadLetterRetryMs: 60_000,
  retentionStepMs: 5_000,
  /** Time between two retention steps while there is more to remove. */
  retentionBusyMs: 20,
} as const;
