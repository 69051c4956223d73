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
  /** Lease of a message that an inbox is handing to a client; the client's connection is cut before it ends. */
  inboxLeaseMs: limits.inboxAnswerMsMax + 30_000,
  /** Bytes of messages that an inbox, and all of them, are handing to clients, who may read slowly; past it nobody gets one. */
  inboxUnreadBytesMax: 16 * 1024 * 1024,
  inboxUnreadBytesTotalMax: 64 * 1024 * 1024,
  /** Who waits for a message looks again at a time that the store names, and never sooner than this. */
  lookAgainMsMin: 50,
  /** Lease of messages between their claim and the write that hides them: what a process that dies in between holds up. */
  pullLeaseMs: 15_000,
  /** Messages that one look brings for all who wait at that moment. */
  pullClaimMessagesMax: 1_000,
  /** What one look may bring in the worst case: it stops after the message that passes its bound. */
  pullReservedBytes: limits.pullBytesMax + limits.bodyBytesMax,
  /** Bytes that one subscription, and all of them, are handing to receivers, who may read slowly; past it nobody gets any. */
  pullUnreadBytesMax: 16 * 1024 * 1024,
  pullBytesOutTotalMax: 64 * 1024 * 1024,
  /** After a failure those who wait look again after this long. */
  pullRetryMs: 1_000,
  /** A message that cannot be moved to its dead-letter queue for now stays hidden this long, and is tried again. */
  deadLetterRetryMs: 60_000,
  retentionStepMs: 5_000,
  /** Between two steps while there is more to remove. */
  retentionBusyMs: 20,
} as const;
