import { limits } from "../domain/limits.ts";

/** The engine's own bounds: what is in memory, in flight and unwritten at one time. */
export const engineLimits = {
  /** Lease of a claim. Longer than the longest attempt, and renewed while it is held. */
  claimLeaseMs: 120_000,
  claimRenewMs: 40_000,
  /** While others may have taken what this process holds, it looks this often whether it can find out. */
  doubtMs: 50,
  /** POSTs in flight to one origin, over all its subscriptions; a subscription that may have more by itself has them. */
  inFlightPerOriginMax: 128,
  /** Origins whose count is kept although nothing is in flight. */
  originsKeptMax: 10_000,
  /** Message bytes of one claim; one message always fits. */
  claimBytesMax: 256 * 1024,
  /** What a claim may bring in the worst case: it stops after the message that passes its bound. */
  claimReservedBytes: 256 * 1024 + limits.bodyBytesMax,
  /** Message bytes claimed and not settled, over all subscriptions. */
  claimedBytesMax: 64 * 1024 * 1024,
  /** Outcomes waiting to be written; past it nothing new is claimed. */
  unsettledMax: 20_000,
  /** Subscriptions claimed for in one call. */
  claimWantsMax: 1_000,
  /** A new or recovering endpoint is tried with this many POSTs at a time; each success adds one. */
  windowStart: 8,
  /** An endpoint that only fails is still tried with this many. */
  windowMin: 2,
  /** Failures in a row after which an endpoint counts as failing and its window is halved with each. */
  failingAfter: 8,
  /** An endpoint with POSTs in flight and no reply for this long counts as stalled. */
  stalledAfterMs: 1_000,
  /** What a sender remembers of its endpoint is dropped when nothing has happened for this long. */
  senderIdleMs: 60_000,
  senderSweepMs: 30_000,
  /** A net under the store's hints. */
  findWorkMs: 30_000,
  /** setTimeout counts to 2^31 ms; a longer wait looks again after this long. */
  dueTimerMsMax: 24 * 3600_000,
  /** A delivery that is due and cannot be claimed, since order holds it back, is asked for again after this long. */
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
  /** Between two steps while there is more to remove. */
  retentionBusyMs: 20,
} as const;
