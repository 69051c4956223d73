/**
 * Limits of CMQ's API: CMQ's own where they are narrower than Ringback's, and those of this implementation. The unit is
 * in the name.
 */
export const cmqLimits = {
  /**
   * A request as sent. CMQ allows 1 MiB of messages, which form encoding can make three times as long; the rest is
   * parameters.
   */
  requestBytesMax: 3 * 1024 * 1024 + 64 * 1024,
  /** The largest valid request, a batch with tags, has about forty. */
  parametersMax: 200,

  nameCharsMax: 64,
  tagsMax: 5,
  tagCharsMax: 16,
  routingKeyBytesMax: 64,
  routingKeyDotsMax: 15,
  bindingKeysMax: 5,
  endpointCharsMax: 500,

  /**
   * CMQ's documents name 64 KiB and 1 MiB. This is the default; a topic or queue may allow up to `limits.bodyBytesMax`.
   */
  messageBytesDefault: 64 * 1024,
  batchMessagesMax: 16,
  batchBytesMax: 1024 * 1024,
  /** CMQ keeps a topic's messages for one day. */
  topicRetentionMsDefault: 24 * 3600_000,

  queueMessagesDefault: 10_000_000,
  queueMessagesMax: 1_000_000_000,
  queueRetentionMsDefault: 4 * 24 * 3600_000,
  queueRetentionMsMax: 15 * 24 * 3600_000,
  pollingWaitMsMax: 30_000,
  /** Time after which an unacknowledged message moves to the dead-letter queue. */
  timeToLiveSMin: 300,
  timeToLiveSMax: 43_200,

  listOffsetMax: 1_000,
  listLimitDefault: 20,
  listLimitMax: 50,
  subscriptionListLimitMax: 100,
  /** Entries that one list request scans: as many topics as CMQ allows an account. `totalCount` counts no further. */
  listScannedMax: 10_000,
  /** Subscriptions whose backlogs are read to compute one topic's `msgCount`. Every topic of a list costs that much. */
  countedSubscriptionsMax: 20,

  /** Signatures remembered to detect replays, at most 24 bytes each. */
  seenRequestsMax: 2_000_000,
  /** Subscription filters cached to tell a publisher that no subscription matches its message. */
  cachedFiltersMax: 100_000,
  /** Pending requests that create, change or delete a topic or a subscription. They run one at a time. */
  pendingChangesMax: 256,
} as const;
