/** Every limit of the transports (HTTP, TCP, WebSockets): its value, its unit (in the name) and its reason. */
export const transportLimits = {
  /**
   * Open connections, including idle ones. At the limit, the connection that was idle longest is closed. If no
   * connection is idle, a POST ends as `connect_failed`. The engine's limit of POSTs in flight is lower, so this limit
   * is a second safeguard.
   */
  connectionsMax: 4096,
  /**
   * Connections to one origin, equal to the largest `maxInFlight` of a subscription. At this number further POSTs wait
   * in a queue.
   */
  connectionsPerOriginMax: 1024,
  /** POSTs in the queue of one origin. When the queue is full, further POSTs end as `connect_failed`. */
  waitingPerOriginMax: 4096,

  /** How long an idle connection is kept when the server states no time. Common servers close it after 5 s. */
  keepAliveMsDefault: 4_000,
  /** The longest time that is accepted from a server's `Keep-Alive: timeout=…`. */
  keepAliveMsMax: 30_000,
  /**
   * An idle connection is closed this long before the end of the time that the server gave. Otherwise a POST could be
   * sent while the server closes the connection.
   */
  keepAliveMarginMs: 1_000,
  /** A reused connection that ends this soon after a request was written counts as stale; see `Exchange`. */
  staleConnectionMsMax: 1_000,

  /** Status line and header section of a reply. */
  replyHeaderBytesMax: 16 * 1024,
  /** Interim (1xx) replies before the final one. Receivers need at most a few. */
  interimRepliesMax: 16,

  /** Attempts end at most this long after their deadline. All deadlines within this time share one timer. */
  deadlineSlackMs: 25,
  /** Empty groups of deadlines that are kept for reuse. Each distinct timeout has one group. */
  deadlineGroupsKeptMax: 256,

  /** Addresses of a name that are tried. */
  addressesTriedMax: 8,
  /** Time after which the next address is tried as well (RFC 8305 section 5). */
  connectStaggerMs: 250,

  /** Time for the egress proxy to open a tunnel, after the connection to the proxy is open. */
  proxyMsMax: 10_000,
  /** Bytes that the egress proxy may send before the tunnel is open. */
  proxyReplyBytesMax: 16 * 1024,

  /** Names in the DNS cache. */
  namesMax: 10_000,
  /** A cached result younger than this is used without a new lookup. */
  nameFreshMs: 10_000,
  /**
   * An older result is used while a new lookup runs, up to this age. So a slow resolver does not delay known endpoints.
   */
  nameStaleMsMax: 60_000,
  /** A failed lookup is not repeated for this long. */
  nameFailedMs: 1_000,
  /** Concurrent lookups. `getaddrinfo` blocks a thread of libuv's pool, which file access and zlib use too. */
  lookupsInFlightMax: 4,
  /** Lookups that wait for other lookups to end. When this number waits, a further POST ends as `dns_failed`. */
  lookupsWaitingMax: 10_000,

  /**
   * After a message was written over TCP, the sender waits this long for the receiver to end the connection. A reset
   * during this time means that the message was not read. A receiver that never ends its connections costs this time
   * per message.
   */
  tcpEndMsMax: 1_000,
  /** The most bytes that a receiver may send over TCP. No bytes are expected. */
  tcpReceivedBytesMax: 64 * 1024,

  /** Time from the name lookup to the peer's `hello`. */
  webSocketGreetingMsMax: 10_000,
  /** The pause before a WebSocket is opened again. It doubles with every failure in a row. */
  webSocketRetryMsMin: 250,
  /**
   * The longest pause before a WebSocket is opened again. Shorter than most timeouts of attempts, so that the WebSocket
   * is opened during nearly every attempt.
   */
  webSocketRetryMsMax: 5_000,
  /** When a connection that was open this long ends, the next pause is the shortest one. */
  webSocketSteadyMs: 5_000,
  /** Interval of pings. A connection without any traffic from one ping to the next is dead. */
  webSocketPingMs: 15_000,
  /** A WebSocket without messages is closed after this time, and opened again for the next message. */
  webSocketIdleMs: 300_000,
  /** A frame or a message from the peer. Only `hello` and `ok` are expected. */
  webSocketReceivedFrameBytesMax: 64 * 1024,
  /**
   * Bytes that a peer may send between two pings. For each message sent to the peer, `webSocketReceivedBytesPerMessage`
   * is added.
   */
  webSocketReceivedBytesMax: 256 * 1024,
  webSocketReceivedBytesPerMessage: 1024,
  /** Bytes counted per frame in addition to its content, so that empty frames count too. */
  webSocketReceivedFrameCost: 16,
  /** Bytes in the send buffer of a WebSocket. When the buffer is full, messages wait in a queue. */
  webSocketBufferedBytesMax: 1024 * 1024,
  /** Messages in the queue of one WebSocket. When the queue is full, further messages end as `connect_failed`. */
  webSocketWaitingMax: 4096,
  /** Time for the closing handshake of a WebSocket. */
  webSocketCloseMsMax: 500,

  /** `close()` waits this long until all sockets are closed. */
  closeMsMax: 2_000,
} as const;
