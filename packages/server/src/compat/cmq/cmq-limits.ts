/**
 * Limits of CMQ's API. Some are CMQ's own limits, where these are lower than Ringback's. The others are limits of this
 * implementation. The unit is in the name.
 */
export const cmqLimits = {
  /**
   * The size of a request. CMQ allows 1 MiB of messages per request, and form encoding can make them three times as
   * long. The last 64 KiB are for the other parameters.
   */
  requestBytesMax: 3 * 1024 * 1024 + 64 * 1024,
  /** Parameters of one request. The valid request with the most parameters, a batch with tags, has about forty. */
  parametersMax: 200,
  /** Longer than the longest name of a parameter, including its index. */
  parameterNameCharsMax: 64,
  /** The JSON of the newer API. Its actions read texts, numbers and lists of these. */
  jsonDepthMax: 16,
  jsonValuesMax: 1_000,

  nameCharsMax: 64,
  tagsMax: 5,
  tagCharsMax: 16,
  routingKeyBytesMax: 64,
  routingKeyDotsMax: 15,
  bindingKeysMax: 5,
  endpointCharsMax: 500,

  /**
   * The default limit of a message. CMQ's documentation gives 64 KiB in some places and 1 MiB in others. A topic or
   * queue may allow up to `limits.bodyBytesMax`.
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
  /**
   * Entries that one list request scans. Equal to the number of topics that CMQ allows per account. `totalCount` never
   * exceeds this number.
   */
  listScannedMax: 10_000,
  /**
   * Subscriptions whose backlogs are read to compute the `msgCount` of one topic. A list reads that many backlogs for
   * each of its topics.
   */
  countedSubscriptionsMax: 20,

  /** Signatures remembered to detect replays, at most 24 bytes each. */
  seenRequestsMax: 2_000_000,
  /**
   * Time after its first arrival in which the newer API accepts a signature again, at most twice this time. Clients of
   * the newer API sign equal requests of one second with the same signature. Ten seconds leave nine for slow networks
   * and busy programs.
   */
  tc3RepeatMs: 10_000,
  /** Time after its first arrival in which the newer API accepts a signature with another action or body. */
  tc3OtherCallMs: 2_000,
  /**
   * Cached filters of subscriptions. A publish needs these filters to find out whether any subscription matches the
   * message.
   */
  cachedFiltersMax: 100_000,
  /** Pending requests that create, change or delete a topic or a subscription. They run one at a time. */
  pendingChangesMax: 256,
} as const;
