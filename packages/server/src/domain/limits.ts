/**
 * Every limit that a caller can meet: its value, its unit (in the name) and why. One that an operator may change
 * is read through the configuration, which starts from these.
 */
export const limits = {
  /** Names of topics, subscriptions and whatever else is put by name: long enough for a UUID or a customer's id. */
  nameCharsMax: 128,
  /** A message's own bytes. CMQ's largest topic setting is 1 MiB as well. */
  bodyBytesMax: 1024 * 1024,
  /** The smallest ceiling a topic may set for itself (CMQ: 1024). */
  topicBodyBytesMin: 1024,
  batchMessagesMax: 1000,
  /** A publish request as sent, JSON and base64 overhead included. */
  requestBytesMax: 8 * 1024 * 1024,
  /** A catalog request (topics, subscriptions, redrive) is small. */
  catalogRequestBytesMax: 256 * 1024,
  /** Labels of one resource: enough for a customer, a team, a stage and a few more. */
  labelsMax: 16,
  labelNameCharsMax: 63,
  labelValueCharsMax: 255,
  descriptionCharsMax: 1000,
  /**
   * A PATCH that meets another writer reads and merges again. One writer succeeds in every round, so that this many writers
   * of one resource all succeed.
   */
  patchRoundsMax: 32,
  tagsMax: 20,
  tagCharsMax: 64,
  /** A message's type, and a pattern of a filter. */
  typeBytesMax: 128,
  /** Matching costs at most words of the pattern times words of the type. */
  typeWordsMax: 32,
  typePatternsMax: 100,
  orderingKeyBytesMax: 128,
  attributesMax: 16,
  attributeNameCharsMax: 64,
  attributeValueBytesMax: 1024,
  /** All of a message's attributes, names and values: they become headers, and a Node server takes 16 KiB of those. */
  attributesBytesMax: 8 * 1024,
  contentTypeCharsMax: 256,
  idempotencyKeyCharsMax: 256,
  idempotencyKeyHours: 24,
  /** Twelve hours, as CMQ's longest visibility time. */
  delayMsMax: 12 * 3600_000,
  urlCharsMax: 2048,
  pushHeadersMax: 32,
  /** All of a subscription's own headers, names and values; with the attributes they stay under 16 KiB. */
  pushHeaderBytesMax: 4096,
  /** The HTTP server's own ceiling for a request's header section. */
  requestHeaderBytesMax: 16 * 1024,
  /** A client gets this long for the header section, and `requestMsMax` for the whole request. */
  requestHeaderMsMax: 10_000,
  requestMsMax: 60_000,
  /** As many as may wait for messages (`pullWaitersTotalMax`), and room for everybody else beside them. */
  connectionsMax: 16_000,
  /** Bytes of request bodies that are still arriving, over all connections: what 10,000 slow uploads may hold. */
  requestBytesHeldMax: 128 * 1024 * 1024,
  /** Of a request that is refused, this much is still read, so that its sender gets to see the answer. */
  requestBytesDiscardedMax: 32 * 1024 * 1024,
  /** How long an idle connection is kept; longer than the minute that most proxies keep theirs. */
  keepAliveMs: 65_000,
  /** A connection on which nothing moves, in the middle of a request or an answer, is closed after this. */
  connectionIdleMsMax: 120_000,
  /** A closing server waits so long for requests under way before it cuts their connections. */
  closeMsMax: 10_000,
  /** Ids that one redrive request may name. */
  redriveIdsMax: 1_000,

  attemptTimeoutMsDefault: 15_000,
  attemptTimeoutMsMin: 1_000,
  attemptTimeoutMsMax: 60_000,
  /** A reply is read this far; then its connection is cut and its status decides. */
  replyBytesMax: 64 * 1024,
  /** Of that, this much is kept in the attempt record. */
  replyKeptBytes: 1024,

  maxInFlightDefault: 64,
  maxInFlightMax: 1024,
  retriesMax: 1000,
  retryDelayMsMax: 24 * 3600_000,
  retryFactorMax: 100,
  /** Nothing is retried for longer than a day (CMQ: 176 retries, 86,015 s). */
  retryTotalMsMax: 24 * 3600_000,

  /** What a `Retry-After` is taken at; the retry policy's own wait may be longer. */
  retryAfterMsMax: 3600_000,
  /** Keys that one subscription signs with: the new one and the old one, and room for a third. */
  pushKeysMax: 5,

  /** A shared secret: 128 bits at least, and no more than any dialect makes use of. */
  secretBytesMin: 16,
  secretBytesMax: 128,

  /** What people call an API key. */
  apiKeyNameCharsMax: 64,
  /** Of an API key: Tencent Cloud's have 36, with the AKID that each begins with. */
  secretIdCharsMax: 64,

  /** Calls of hooks under way, half of them of one hook: each holds a connection, its payload and the replies. */
  hookCallsMax: 256,
  /** What those calls hold together; past it a call is refused. A slow reader of an outcome holds its part until the end. */
  hookBytesHeldMax: 256 * 1024 * 1024,
  /**
   * What one byte of JSON takes, of a payload or a reply: its text, what is parsed from it, the next request, the outcome's
   * text. Measured: 13 for a list of nothing but `{}`, 40 for one of nothing but `1.0`.
   */
  hookJsonBytesFactor: 16,
  /** The same of an image, a text or a file: its bytes, and base64 in the outcome's text. */
  hookAttachmentBytesFactor: 3,
  /** Of one reply that is JSON, whatever the hook allows: with what is parsed from it half of what all calls may hold. */
  hookJsonReplyBytesMax: 8 * 1024 * 1024,
  /** Of all the replies that one call gets. */
  hookCallReplyBytesMax: 64 * 1024 * 1024,
  /** Of a payload: what the dialects take of a reply, too. */
  hookPayloadDepthMax: 100,

  /** Hooks, inboxes and keys, of each kind. */
  entriesMax: 10_000,
  /** What the store keeps of one of them, as JSON. */
  entryBytesMax: 16 * 1024,

  inboxMessagesDefault: 10_000,
  inboxMessagesMax: 1_000_000,
  /** How long after the last poll an inbox may go on keeping. */
  whilePolledMsMin: 1_000,
  whilePolledMsMax: 7 * 24 * 3600_000,
  /** How long one GET of an inbox may wait for a message; shorter than what most proxies allow an answer. */
  inboxWaitMsMax: 60_000,
  /** GETs that wait at one inbox, and at all of them: each holds a connection. */
  inboxWaitersMax: 1_000,
  inboxWaitersTotalMax: 4_000,
  /** A client that takes longer to read its message loses its connection, and the message is there for the next. */
  inboxAnswerMsMax: 60_000,

  visibilityMsDefault: 30_000,
  visibilityMsMin: 1_000,
  /** Twelve hours, as CMQ's longest. */
  visibilityMsMax: 12 * 3600_000,
  receivesMax: 1_000,
  /** Messages that one pull may bring. */
  pullMessagesMax: 100,
  /** Bytes of messages after which a pull brings no more; one always fits. */
  pullBytesMax: 4 * 1024 * 1024,
  /** ReceiptHandles that one request may answer for. */
  receiptHandlesMax: 100,
  /** How long one pull may wait for a message; shorter than what most proxies allow an answer. */
  pullWaitMsMax: 60_000,
  /** A client that takes longer to read what it has pulled loses its connection, and the messages are there for the next. */
  pullAnswerMsMax: 60_000,
  /** Of a receipt handle that a client sends; those that are given out are shorter. */
  receiptHandleCharsMax: 256,
  /** Pulls that wait at one subscription, and at all of them: each holds a connection and nothing else. */
  pullWaitersMax: 12_000,
  pullWaitersTotalMax: 12_000,
  /** Messages that a count of the delayed ones looks at in the log. */
  delayedLookedAtMax: 10_000,

  /** Handlers that programs for the WeChat HTTP API have added and not removed. */
  wechatHandlersMax: 100,
  /** A request of that API: a few short members. */
  wechatRequestBytesMax: 64 * 1024,
  wechatRequestBytesHeldMax: 8 * 1024 * 1024,
  wechatSecretCharsMax: 256,
  /** Its requests that wait for one another: new handlers, and secrets that are being checked. */
  wechatWaitingMax: 32,

  /** A request of CMQ's API as sent: 1 MiB of messages, which the form's escapes make three times as long, and the rest. */
  cmqRequestBytesMax: 3 * 1024 * 1024 + 64 * 1024,
  /** A batch with tags has some forty. */
  cmqParametersMax: 200,
  /** The smaller of what CMQ has bounded messages by at one time or another; a topic or queue may allow `bodyBytesMax`. */
  cmqMessageBytesDefault: 64 * 1024,
  cmqBatchMax: 16,
  cmqBatchBytesMax: 1024 * 1024,
  cmqEndpointCharsMax: 500,
  /** CMQ keeps a topic's messages for a day. */
  cmqTopicRetentionMs: 24 * 3600_000,
  cmqQueueMessagesDefault: 10_000_000,
  cmqQueueMessagesMax: 1_000_000_000,
  cmqQueueRetentionMsDefault: 4 * 24 * 3600_000,
  cmqQueueRetentionMsMax: 15 * 24 * 3600_000,
  cmqPollingWaitMsMax: 30_000,
  cmqTimeToLiveSMin: 300,
  cmqTimeToLiveSMax: 43_200,
  cmqListOffsetMax: 1_000,
  cmqListLimitDefault: 20,
  cmqListLimitMax: 50,
  cmqSubscriptionListLimitMax: 100,
  /** Entries that one list looks at, as many topics as CMQ lets an account have; its `totalCount` ends there. */
  cmqListedMax: 10_000,
  /** Subscriptions that are asked how far they are to tell how many messages a topic has: a list of topics asks for each. */
  cmqCountedSubscriptionsMax: 20,
  /** Signatures of requests within the time window that are remembered against replays, at most 24 bytes each. */
  cmqSeenRequestsMax: 2_000_000,
  /** Subscriptions' filters that are kept at hand to tell a publisher that nobody would get its message. */
  cmqFiltersKeptMax: 100_000,
  /** Requests that make, change or remove a topic or a subscription and wait for one another. */
  cmqMakingMax: 256,

  retentionMsDefault: 7 * 24 * 3600_000,
  retentionMsMin: 60_000,
  retentionMsMax: 365 * 24 * 3600_000,

  /** Parked deliveries of one subscription while its endpoint fails: past this its cursor lags instead. */
  parkedFailingMax: 1_000,
  /** Parked deliveries of one subscription in any case. */
  parkedMax: 100_000,
  /** Of them, those that one commit of a rewind removes: whoever else writes waits for no more than that. */
  rewoundPerCommitMax: 5_000,

  topicsMax: 100_000,
  subscriptionsPerTopicMax: 10_000,
  subscriptionsMax: 1_000_000,
  /** 23 bits of a message id. */
  topicsEverMax: 2 ** 23 - 1,

  pageItemsDefault: 50,
  pageItemsMax: 200,
  eventStreamsMax: 64,
  /** Events waiting for one slow reader of /v1/events; past it the oldest are dropped and the reader is told. */
  eventStreamBacklogMax: 1_000,
  /** Silence on /v1/events never lasts longer, so that proxies keep the stream open and a dead reader is noticed. */
  eventHeartbeatMs: 15_000,

  /** Nodes that one look at the cluster shows. One that is started again every second leaves a row each time. */
  nodesListedMax: 1_000,
} as const;
