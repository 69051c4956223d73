/** The limits of replays, which are part of `limits`. */
export const replayLimits = {
  /** Copies that a replay sends per second. The largest number bounds what a replay takes from live traffic. */
  replayPerSecondDefault: 100,
  replayPerSecondMax: 1_000,
  /** Replays of one account that have not ended, paused ones included. */
  replaysOpenMax: 20,
  /** How long an ended replay is listed, and how many ended replays of one account are listed. */
  replayKeptMs: 7 * 24 * 3600_000,
  replaysKeptMax: 1_000,
  /** Positions of the log, or dead letters, that are examined to count what a replay will send. */
  replayCountedMax: 50_000,
  /** Positions of the log, or dead letters, that one transaction examines. */
  replayExaminedMax: 1_000,
  /** Copies that one step parks. */
  replayParkedMax: 250,
  /**
   * Copies of one replay that may wait for their time, for a retry or for a reply. While so many wait, no further copy
   * is parked.
   */
  replayWaitingMax: 500,
  /** Copies are parked at most this long before they are due. */
  replayAheadMs: 500,
  /** Copies are due at multiples of this time, so that several copies share a claim. */
  replayDueStepMs: 100,
  /** While the log has further messages, one in so many deliveries of a claim is a separate copy. */
  replayShare: 8,
} as const;
