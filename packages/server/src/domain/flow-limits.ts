/** Limits of the flow to an endpoint (rates, pauses, breakers, disabling and backlogs), which are part of `limits`. */
export const flowLimits = {
  /** The lowest rate of a subscription: a POST every 10,000 seconds, nearly three hours. */
  ratePerSecondMin: 0.0001,
  /** The highest rate. One process sends fewer POSTs than that. */
  ratePerSecondMax: 10_000,
  rateBurstMax: 10_000,
  /**
   * How far ahead a node may reserve starts of POSTs: twice the time that a slow database takes to answer, and so short
   * that a node that does not use its reserved starts loses only a few.
   */
  startsAheadMsMax: 2_000,

  /** The longest time for which a `Retry-After` stops everything that is sent to an origin. */
  retryAfterHoldMsMax: 300_000,

  /** The breaker of a subscription: failures in a row after which it opens, and the pause before the first probe. */
  breakerFailuresDefault: 20,
  breakerFailuresMax: 1_000,
  breakerProbeMsDefault: 30_000,
  breakerProbeMsMin: 100,
  /** The pause before a probe doubles with each failed one, up to this, or up to `probeMs` if that is longer. */
  breakerProbePauseMsMax: 300_000,
  breakerProbeMsMax: 3600_000,
  /** How long attempts must have failed before a breaker opens, so that the restart of a receiver does not open it. */
  breakerFailingMsMin: 10_000,
  /** Different messages that must have failed before a breaker opens, because a few messages may be at fault. */
  breakerMessagesMin: 5,

  /** The size and age of a backlog above which an event reports it; null: no limit. */
  backlogDefault: { messagesMax: 100_000, ageMsMax: null },
  backlogAgeMsMin: 1_000,

  /** A subscription is disabled when nothing but failure has come from its endpoint for this time. */
  disableAfterMsDefault: 5 * 24 * 3600_000,
  disableAfterMsMin: 1_000,
  disableAfterMsMax: 365 * 24 * 3600_000,
  /** Failed attempts that are needed to disable a subscription. */
  disableAttemptsMin: 5,
  /**
   * A longer pause between two failed attempts counts as failing for this time only, because the endpoint may have
   * recovered in between.
   */
  failurePauseMsMax: 3600_000,
} as const;
