import { limits } from "../domain/limits.ts";

/** The engine's own limits on memory, concurrency and unwritten work. */
export const engineLimits = {
  /** Lease of a claim. Longer than the longest attempt; renewed while deliveries of the claim are unfinished. */
  claimLeaseMs: 120_000,
  claimRenewMs: 40_000,
  /**
   * Interval of the check whether this process may send again, after it was suspended for too long to be sure of its
   * claims.
   */
  leaseCheckMs: 50,
  /**
   * POSTs in flight to one origin, for all its subscriptions together. A subscription with a larger `maxInFlight`
   * raises the limit of its origin to that number.
   */
  inFlightPerOriginMax: 128,
  /**
   * POSTs to failing endpoints that one account starts per second on one node, while there are several accounts. A
   * failed POST takes some 300 µs of CPU time, so they use less than a tenth of a core.
   */
  failingPerSecondMax: 200,
  /** The shortest wait of an account that has started as many. */
  failingPaceMs: 50,
  /** While an account with limits publishes, its stored bytes are counted after this time again. */
  accountUsageMs: 5_000,
  /** Interval at which a node continues deletions of accounts that a dead node has left. */
  accountDeletionCheckMs: 30_000,
  /** Topics or entries of a deleted account that are read together. Each is deleted on its own. */
  accountDeletionStep: 100,
  /** Topics that one read of an account returns. */
  topicsPerRead: 1_000,
  /** Successive messages whose bytes are counted, and forgotten, together. */
  blockMessages: 1_000,
  /** Above this number, accounts without POSTs and claims are forgotten. */
  accountsKeptMax: 10_000,
  /** Origins without a POST in flight whose limit stays in memory. */
  originsKeptMax: 10_000,
  /** Message bytes of one claim. A single message may be larger. */
  claimBytesMax: 256 * 1024,
  /** The largest size of a claim in bytes, because a claim ends only after the message that exceeds `claimBytesMax`. */
  claimReservedBytes: 256 * 1024 + limits.bodyBytesMax,
  /** Bytes of messages that are claimed and not settled yet, for all subscriptions together. */
  claimedBytesMax: 64 * 1024 * 1024,
  /** Settlements that wait to be written. Above this number, no further deliveries are claimed. */
  unsettledMax: 20_000,
  /** Subscriptions in one call of `claim`. */
  claimWantsMax: 1_000,
  /** Steps of expressions of filters in one turn of the event loop: some 2 ms. See `limits.expressionStepsMax`. */
  filterStepsPerTurn: 40_000,
  /** First window of a new endpoint. The window is the number of POSTs that may be in flight; each success adds one. */
  windowStart: 8,
  /**
   * A sender with a rate reserves the starts of this time in one call. The time grows with the time that the store
   * takes to answer.
   */
  reservedMsMin: 200,
  reservedMsMax: 1_000,
  /** A reserved start that is late by more than this is given up. So after a stall, few POSTs start at once. */
  startLateMsMax: 150,
  /** Delay before the next try to reserve starts after an error of the store. */
  reserveRetryMs: 500,
  /** A sender with a rate claims what can start within this time, up to so many windows of its endpoint. */
  ratedQueueMs: 500,
  ratedQueueWindows: 8,
  /** A sender keeps no deliveries in memory whose POSTs cannot start within this time. */
  ratedHoldMs: 5_000,
  /** The smallest window of a failing endpoint. */
  windowMin: 2,
  /** After this many failures in a row an endpoint counts as failing. From then on each failure halves its window. */
  failingAfter: 8,
  /**
   * The smallest window, and what a success adds to a window below 1. A window below 1 means one POST at a time, with
   * `flowPaceMs` divided by the window between two starts.
   */
  flowWindowMin: 1 / 16,
  flowPaceMs: 500,
  /** The pause between two POSTs to an endpoint whose replies are longer than what is read of them. */
  longReplyPaceMs: 25,
  /** A subscription is shown as failing after so many failures in a row, over at least so long. */
  shownFailingAfter: 3,
  shownFailingMsMin: 5_000,
  /** Failing subscriptions that a node remembers. The health of the others is read from the store when it is needed. */
  failingKeptMax: 20_000,
  /** Delay before a probe is reserved again, because the health of its subscription was being written. */
  probeReservedAgainMs: 50,
  /** While a subscription fails, its failing time is written at most once in this time, besides at changes. */
  failingWrittenMs: 600_000,
  /** An event reports a backlog whose oldest message has used this share of the topic's retention. */
  backlogRetentionShare: 0.75,
  /** A short retention leaves little time, so the event comes earlier, but not before this share of it. */
  backlogRetentionShareMin: 0.25,
  /** Subscriptions with work whose backlog is counted in one round, every `findWorkMs`. */
  backlogsCheckedMax: 1_000,
  /** Backlogs that are above a limit and remembered, so that they are reported once. */
  backlogsReportedMax: 10_000,
  /** An endpoint counts as stalled when POSTs are in flight and no reply has come for this long. */
  stalledAfterMs: 1_000,
  /** A sender without work for this long is dropped. The health of its endpoint is forgotten too. */
  senderIdleMs: 60_000,
  senderSweepMs: 30_000,
  /** Interval at which the store is searched for work, in case a wake-up was lost. */
  findWorkMs: 30_000,
  /** `setTimeout` is limited to 2^31 ms. A longer wait is checked again after this time. */
  dueTimerMsMax: 24 * 3600_000,
  /**
   * Delay before the next claim when a delivery is due but the last claim did not return it. Such a delivery waits for
   * another delivery of its order.
   */
  overdueRetryMs: 1_000,
  /**
   * Lease of a message while an inbox sends it to a client. The connection of a slow client is closed before the lease
   * ends.
   */
  inboxLeaseMs: limits.inboxAnswerMsMax + 30_000,
  /** When the store reports a time for the next claim, the claim is made after at least this long. */
  claimAgainMsMin: 50,
  /**
   * Lease of pulled messages until the store has written that they are invisible. If the process dies before that, the
   * messages are delayed by this time.
   */
  pullLeaseMs: 15_000,
  /** Messages that one claim may return for all waiting requests together. */
  pullClaimMessagesMax: 1_000,
  /** The largest size of one claim in bytes, because a claim ends only after the message that exceeds its limit. */
  pullReservedBytes: limits.pullBytesMax + limits.bodyBytesMax,
  /**
   * Bytes of messages that clients have not read yet, for one subscription or inbox. `pullUnreadBytesTotalMax` is the
   * limit for all of them together.
   */
  pullUnreadBytesMax: 16 * 1024 * 1024,
  pullUnreadBytesTotalMax: 64 * 1024 * 1024,
  /** Delay before the next claim for waiting requests after an error of the store. */
  pullRetryMs: 1_000,
  /**
   * When a dead-letter queue cannot take a message now, the message stays invisible for this long. Then the move is
   * retried.
   */
  deadLetterRetryMs: 60_000,
  /** Messages of one type on `ringback.events` that a node publishes per account and minute. Others are counted. */
  eventsPerMinuteMax: 60,
  /** Events that wait to be published on `ringback.events`, of all accounts together. Further events are dropped. */
  eventsWaitingMax: 1_000,
  /** Delay before events that could not be stored are stored again. */
  eventRetryMs: 5_000,
  /** Occurrences within this time after the first one are in the same event. */
  eventGatherMs: 1_000,
  /** Time between two events about the dead letters, or the expired messages, of one subscription. */
  eventIntervalMs: 60_000,
  /** Time between two events about one limit of an account. */
  limitEventIntervalMs: 300_000,
  /** Subscriptions, or limits of accounts, whose occurrences are gathered at the same time. */
  eventGroupsMax: 1_000,
  /** The longest time between two searches for keys that expire. */
  expiryCheckMs: 3_600_000,
  /** Interval of the check of the disk. */
  diskCheckMs: 60_000,
  /** Messages of `ringback.events` that one read for the event streams returns. */
  eventsReadMax: 100,
  /** Past events that a reader of the event stream can get. Older ones are counted as dropped. */
  eventsReplayedMax: 10_000,
  /** While readers are connected, events of other nodes are looked for at this interval. */
  eventPollMs: 1_000,
  /** Interval of the steps of the replays that this process runs, and how many of them one interval has. */
  replayTickMs: 250,
  replayStepsMax: 8,
  /**
   * Copies that all replays of a process may park in one interval. The number is halved, down to the least one, while
   * the process is busy for more than this share of the time, and grows otherwise.
   */
  replayCopiesMax: 2_000,
  replayCopiesMin: 25,
  replayCopiesAdded: 50,
  replayBusyShareMax: 0.7,
  /** Steps of one replay in one interval while it finds nothing to send. */
  replayScansMax: 4,
  /** Lease of a replay. Its node takes a step in every interval, so another node goes on soon after the end of one. */
  replayLeaseMs: 10_000,
  /** Interval at which a node looks for replays that no node runs, and after an error. */
  replayFindMs: 5_000,
  /** Replays that one process runs. They take turns. */
  replaysRunMax: 1_000,
  replayTrimMs: 60_000,
  /** Requests on demand to endpoints (tests and verifications) that run at once, of one account and of all. */
  onDemandPerAccountMax: 4,
  onDemandMax: 32,
  /** Requests on demand that one account may start per second on one node. */
  onDemandPerSecondMax: 5,
  /**
   * Lines of the log are limited in each window of this length, and the lines that are left out are counted. A failing
   * endpoint then writes one line every two seconds, whatever the number of its failures.
   */
  logWindowMs: 10_000,
  /** Lines of one kind (such as failed attempts) about one source (such as a subscription) in one window. */
  logLinesPerSourceMax: 5,
  /** Lines of one kind in one window. One account may use three quarters of them. */
  logLinesPerKindMax: 100,
  logLinesPerAccountMax: 75,
  /** Sources of one kind that are counted on their own in one window. */
  logSourcesMax: 1_000,
  /** At the end of a window, this many sources of a kind get a line with their own count of left out lines. */
  logLeftOutLinesMax: 20,
  /** Characters of a text from outside in a line of the log. */
  logTextCharsMax: 500,
  /**
   * Combinations of route, method and status that have a metric of their own. There are some hundred. Further ones are
   * counted together.
   */
  requestSeriesMax: 2_000,
  /** Subscriptions without metrics of their own that are watched, because they may become failing or busy. */
  seriesCandidatesMax: 2_000,
  /** Interval at which the subscriptions with metrics of their own are chosen again. */
  seriesReviewMs: 60_000,
  /** A subscription that got metrics of its own keeps them for at least this long. */
  seriesShownMsMin: 600_000,
  /** Another subscription must be this many times as busy, or as failing, to take the place of a shown one. */
  seriesShownWeight: 2,
  /** The state of the shown subscriptions is read from the database at most once in this time. */
  seriesLagReadMs: 5_000,
  /** Interval at which a node looks whether other nodes have come or gone. */
  nodeCheckMs: 5_000,
  /** Spans that wait for their export or are being exported: about 8 MB. Further spans are lost. */
  spansQueuedMax: 4_096,
  spansPerExportMax: 512,
  /** How long a span waits for others, to be exported with them. */
  spanExportDelayMs: 1_000,
  /** Limits an export with all its retries. */
  spanExportMsMax: 5_000,
  /** How long the end of the server waits for the last export. */
  spanFlushMsMax: 2_000,
  /** Time between two lines of the log about lost spans. */
  spanLossLogMs: 300_000,
  /** Characters of one value in a span. */
  spanTextCharsMax: 1_024,
  /** Counts of minutes are kept for this time, those of hours for the next one. */
  minutesKeptMs: 48 * 3600_000,
  hoursKeptMs: 32 * 24 * 3600_000,
  /** Rows of counts that one process writes for one minute or hour at most. Accounts come first, then the busiest. */
  talliesWrittenMax: 2_000,
  /** With samples, the request and the reply of an accepted attempt are kept once in this time per subscription. */
  acceptedExchangeMs: 10_000,
  /** And of a failed attempt once in this time, or so many at once after a time without any. */
  failedExchangeMs: 1_000,
  failedExchangesAtOnce: 10,
  /** Subscriptions whose samples are counted. With more, those that were sent to first are sampled anew. */
  sampledSubscriptionsMax: 10_000,
  /** Requests and replies wait for so long before they are written together. */
  exchangesWrittenMs: 1_000,
  /** Above this number of bytes that wait, further requests and replies are not kept. */
  exchangeBytesWaitingMax: 4 * 1024 * 1024,
  /** An allowance for what a kept request and reply need besides their bodies. */
  exchangeHeadBytes: 2_048,
  /** Interval at which expired and surplus ones are deleted. */
  exchangesTrimmedMs: 60_000,
  /** Accounts whose backlog is measured each minute. */
  accountsMeasuredMax: 100,
  /** Subscriptions that an account may have for its backlog to be counted. */
  subscriptionsMeasuredMax: 2_000,
  /** Steps that wait to be written, while the database cannot be written. */
  stepsUnwrittenMax: 10,
  /** How long the counts of an account that were just measured may be shown. */
  measuredForMs: 3_000,
  retentionStepMs: 5_000,
  /** Time between two retention steps while expired messages remain. */
  retentionBusyMs: 20,
} as const;
