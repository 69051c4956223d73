/** The driver's own bounds. What a caller can meet stands in domain/limits.ts. */
export const postgresLimits = {
  /**
   * Connections for appends, claims, settlements and receivers' answers: one each. Renewals and heartbeats use them in
   * between.
   */
  hotConnectionsMax: 4,
  /** Connections for everything that people look at or change. They cannot use up the ones above. */
  restConnectionsMax: 6,
  /** How long a call waits for a connection before it fails as `storage_unavailable`. */
  connectMsMax: 5_000,
  /** Time limit of a statement for reads and administration, enforced by the server. */
  statementMsMax: 30_000,
  /** And so long what publishes and deliveries wait for: callers do not wait much longer either. */
  hotStatementMsMax: 10_000,
  /** Changes of the schema, and the wait for another node that makes them. */
  migrationMsMax: 3_600_000,
  /** If the server has not given up a statement by then, we do, and its connection with it. */
  statementGraceMs: 2_000,
  /** How long a statement waits for a row that another holds. */
  lockMsMax: 4_000,

  /** An answer that takes longer makes us ask the server over a new connection whether it is there… */
  answerMsMax: 1_500,
  /** … which it has to say within this time. A publish on a connection that leads nowhere fails after both. */
  probeMsMax: 1_500,
  /** After a write for which the disk had no room, one that needs none proves nothing for so long. */
  fullMs: 5_000,

  /** Between two looks at what is late. */
  watchMs: 250,
  /** Between two tries to hear of a server that says nothing. */
  silentRetryMs: 500,

  /** The server ends a transaction whose node says nothing for so long, and lets go of its locks. */
  idleInTransactionMsMax: 5_000,
  /** And a connection whose node takes nothing for so long of what it has asked for. */
  unreadMsMax: 5_000,
  /**
   * Interval of the server's keep-alive probes on an idle connection; after two unanswered probes it closes the
   * connection.
   */
  keepAliveMs: 10_000,
  /** And, while it works for one, whether that one is still waiting. */
  clientCheckMs: 5_000,
  connectionIdleMsMax: 60_000,

  /** Between two tries while the database cannot be reached or written: doubled from the first to the last. */
  retryMsMin: 50,
  retryMsMax: 2_000,

  /** Messages and bytes of one append; one request always fits. */
  appendMessagesMax: 2_000,
  appendBytesMax: 8 * 1024 * 1024,
  /** An append that takes longer, since somebody holds one of its topics, lets one for others go beside it. */
  appendLateMs: 100,
  /** Bytes of messages waiting to be appended; past it publishes are refused as `overloaded`. */
  appendWaitingBytesMax: 64 * 1024 * 1024,
  settlementsMax: 2_000,
  wantsMax: 1_000,

  /** Positions of the log that one claim looks at, matching or not. */
  scanMessagesMax: 1_000,
  /** Positions that claims pass by because their key is open on another node. */
  poolPassedMax: 256,
  /** When to ask again for what another node holds back: a key, or room under maxInFlight. */
  claimRetryMs: 25,

  /** A node that has not said for so long that it is there counts as gone: so many heartbeats in a row are missed. */
  nodeAliveMs: 20_000,
  heartbeatsMissed: 4,
  /** Without an answer to that for so long the database counts as not writable. */
  heartbeatAnswerMsMax: 5_000,
  /** Subscriptions of nodes that are gone, found in one look. */
  orphanedMax: 1_000,
  /** Rows of nodes that are gone are kept this long for people to look at. */
  nodeKeptMs: 24 * 3600_000,

  /** Other nodes are told of work at most this often, whatever there is of it. */
  wakeMs: 20,
  /**
   * Work that a claim of this node may be taking is announced to other nodes only when the claim takes longer than
   * this.
   */
  wakeClaimMsMax: 500,
  /** Names of topics and subscriptions in one wake-up: a notification carries at most 8,000 bytes. */
  wakeIdsMax: 400,
  /** Of a topic with more subscriptions it is not counted whether this node has taken all there is. */
  wakeCountedMax: 8,
  /** Statistics that took longer are given again until they were no more than this share of one connection's time. */
  statisticsMsLong: 100,
  statisticsShareMax: 0.05,
  cachedTopicsMax: 20_000,
  cachedSubscriptionsMax: 100_000,

  /**
   * How long a schema step waits for a table lock before it lets other sessions continue and tries again. Must exceed
   * `deadlock_timeout`, one second, after which autovacuum cancels itself for a waiting session.
   */
  schemaLockMsMax: 2_000,
  schemaRetryMs: 500,
  schemaTriesMax: 120,
  /** How long dropping a partition may keep everybody waiting who reads or writes the table. */
  dropLockMsMax: 50,
  dropRetryMs: 60_000,
  /** Attempts of a partition that are looked through before it is dropped, and counted one by one. */
  attemptsScannedMax: 1_000_000,

  /** Bounds of one step of retention, so that nobody waits long for its locks. */
  trimMessagesMax: 1_000,
  deadLetteredMax: 500,
  deadLetteredBytesMax: 16 * 1024 * 1024,
  recordsTrimmedMax: 500,
  topicsTriedMax: 16,
  /** Dead letters changed in one commit, when many are redriven or purged. */
  deadLetterStep: 100,
  messageAttemptsMax: 10_000,
} as const;
