/** Internal limits of the driver. Limits that a caller can reach are in domain/limits.ts. */
export const postgresLimits = {
  /**
   * Connections for publishes and deliveries. Appends, claims, settlements and receivers' answers use one each.
   * Renewals, heartbeats and reservations of starts use a connection that is free.
   */
  hotConnectionsMax: 4,
  /**
   * Connections for reads and administration. They are separate, so that such calls cannot use up the connections
   * above.
   */
  restConnectionsMax: 6,
  /** How long a call waits for a connection before it fails as `storage_unavailable`. */
  connectMsMax: 5_000,
  /** Time limit of a statement for reads and administration, enforced by the server. */
  statementMsMax: 30_000,
  /** Time limit of a statement for publishes and deliveries. Their callers do not wait much longer. */
  hotStatementMsMax: 10_000,
  /** Time that the server has to cancel a statement after its time limit. Then the client closes the connection. */
  statementGraceMs: 2_000,
  /** How long a statement waits for a row that another transaction has locked. */
  lockMsMax: 4_000,

  /** When the answer to a statement takes longer, the server is polled over a new connection. */
  answerMsMax: 1_500,
  /** Time limit of that poll. A publish on a lost connection fails after `answerMsMax` + `probeMsMax`. */
  probeMsMax: 1_500,
  /** After a write failed on a full disk, a write that needs no new disk space proves nothing for this long. */
  fullMs: 5_000,

  /** Interval between two checks for late answers. */
  watchMs: 250,
  /** Interval between two polls of a server that does not answer. */
  silentRetryMs: 500,

  /** The server ends a transaction whose node is idle for this long, and releases its locks. */
  idleInTransactionMsMax: 5_000,
  /** The server ends a connection whose node reads nothing of a result for this long. */
  unreadMsMax: 5_000,
  /**
   * Interval of the server's keep-alive probes on an idle connection; after two unanswered probes it closes the
   * connection.
   */
  keepAliveMs: 10_000,
  /** Interval at which the server checks, during a statement, that its client is still connected. */
  clientCheckMs: 5_000,
  connectionIdleMsMax: 60_000,

  /** First and longest wait between two tries while the database cannot be reached or written; each wait doubles. */
  retryMsMin: 50,
  retryMsMax: 2_000,

  /** Limits of one append to the database. A single request that exceeds them is sent alone. */
  appendMessagesMax: 2_000,
  appendBytesMax: 8 * 1024 * 1024,
  /**
   * When an append takes longer, for example because one of its topics is locked, a second append for other topics
   * starts.
   */
  appendLateMs: 100,
  /** Total bytes of messages that wait to be appended. Past this, publishes are refused as `overloaded`. */
  appendWaitingBytesMax: 64 * 1024 * 1024,
  settlementsMax: 2_000,
  wantsMax: 1_000,

  /** Positions of the log that one claim scans, including messages that the filter does not match. */
  scanMessagesMax: 1_000,
  /**
   * Maximum number of positions of one subscription that claims skip. A position is skipped while another node has
   * claimed a delivery of its ordering key.
   */
  poolPassedMax: 256,
  /** Delay before a claim is repeated when other nodes have claimed its ordering keys or used up `maxInFlight`. */
  claimRetryMs: 25,

  /** A node without a heartbeat for this long counts as dead. `heartbeatsMissed` heartbeats fit into this time. */
  nodeAliveMs: 20_000,
  heartbeatsMissed: 4,
  /**
   * A smaller difference between the progress of the database's clock and that of a node counts as inaccuracy. The time
   * that a statement takes is part of it.
   */
  clockJumpMsMin: 2_000,
  /** The database counts as not writable when a heartbeat is not answered within this time. */
  heartbeatAnswerMsMax: 5_000,
  /** Maximum number of subscriptions with claims of dead nodes that one heartbeat returns. */
  orphanedMax: 1_000,
  /** Rows of dead nodes are kept this long, for the list of nodes. */
  nodeKeptMs: 24 * 3600_000,

  /** Shortest interval between two wake-ups of the other nodes. */
  wakeMs: 20,
  /**
   * While this node claims from a subscription, the claim may take the waiting work. Other nodes are notified of that
   * work only when the claim takes longer than this.
   */
  wakeClaimMsMax: 500,
  /** Ids of topics and subscriptions in one wake-up. A notification of PostgreSQL carries at most 8,000 bytes. */
  wakeIdsMax: 400,
  /** For a topic with more subscriptions than this, the driver does not track which of them have unclaimed messages. */
  wakeCountedMax: 8,
  /**
   * Statistics that took longer than `statisticsMsLong` are cached, so that they use at most this share of a
   * connection's time.
   */
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
  /** How long dropping a partition may block readers and writers of its table. */
  dropLockMsMax: 50,
  dropRetryMs: 60_000,
  /**
   * The attempts of a partition are counted before it is dropped. With more attempts than this, their number is
   * estimated.
   */
  attemptsScannedMax: 1_000_000,

  /** Limits of one retention step, so that other sessions do not wait long for its locks. */
  trimMessagesMax: 1_000,
  deadLetteredMax: 500,
  deadLetteredBytesMax: 16 * 1024 * 1024,
  recordsTrimmedMax: 500,
  topicsTriedMax: 16,
  /** Dead letters changed in one commit, when many are redriven or purged. */
  deadLetterStep: 100,
  messageAttemptsMax: 10_000,
} as const;
