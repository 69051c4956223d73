/** Every bound of the ways out (HTTP, TCP, WebSockets): its value, its unit (in the name) and why. */
export const transportLimits = {
  /**
   * Connections at one time, idle ones included. Past it the longest idle one makes room; when none is idle, a POST
   * ends as `connect_failed`. The engine keeps its own bound on POSTs in flight below this, so that is a last defence.
   */
  connectionsMax: 4096,
  /** Connections to one origin: the largest `maxInFlight` of a subscription. Past it POSTs wait in line. */
  connectionsPerOriginMax: 1024,
  /** POSTs waiting in one origin's line; past it they end as `connect_failed`. */
  waitingPerOriginMax: 4096,

  /** How long an idle connection is kept when the server gives no hint: less than the 5 s of common servers. */
  keepAliveMsDefault: 4_000,
  /** A server's own hint (`Keep-Alive: timeout=…`) is believed up to this. */
  keepAliveMsMax: 30_000,
  /** We close this much before the moment that the server named, so that its close and our next POST do not cross. */
  keepAliveMarginMs: 1_000,
  /** See `Exchange.isStaleConnection`. */
  staleConnectionMsMax: 1_000,

  /** Status line and header section of a reply. */
  replyHeaderBytesMax: 16 * 1024,
  /** Interim (1xx) replies before the final one; nobody needs more than a few. */
  interimRepliesMax: 16,

  /** Attempts end at most this much after their time, and one timer serves all that end within it. */
  deadlineSlackMs: 25,
  /** Lists of deadlines kept for reuse when empty, one per distinct timeout. */
  deadlineLinesKeptMax: 256,

  /** Of a name's addresses, this many are tried. */
  addressesTriedMax: 8,
  /** An address gets this head start before the next one is tried beside it (RFC 8305, section 5). */
  connectStaggerMs: 250,

  /** Names in the DNS cache. */
  namesMax: 10_000,
  /** An answer younger than this is used as it is. */
  nameFreshMs: 10_000,
  /** An older one is used while a new one is fetched, up to this age: a slow resolver then delays no known endpoint. */
  nameStaleMsMax: 60_000,
  /** A failed lookup is not repeated for this long. */
  nameFailedMs: 1_000,
  /** `getaddrinfo` blocks a thread of libuv's pool, which files and zlib share. */
  lookupsInFlightMax: 4,
  /** Lookups waiting for their turn; past it a POST ends as `dns_failed`. */
  lookupsWaitingMax: 10_000,

  /**
   * Once a message over TCP is written, the receiver's end of the connection is waited for, since a reset would mean
   * that it was not taken. A receiver that does not end its connections costs this much per message.
   */
  tcpEndMsMax: 1_000,
  /** What a receiver may send over TCP, where nothing is expected. */
  tcpHeardBytesMax: 64 * 1024,

  /** From the name lookup to the peer's `hello`. */
  webSocketGreetingMsMax: 10_000,
  /** The pause before a WebSocket is opened anew; it doubles with every failure in a row. */
  webSocketRetryMsMin: 250,
  /** Well below most attempts' time limit, so that an attempt hardly ever ends without a try of its own. */
  webSocketRetryMsMax: 5_000,
  /** A connection that was open this long was a good one: the next pause is the shortest again. */
  webSocketSteadyMs: 5_000,
  /** A ping this often; when nothing at all was heard until the next one, the connection is dead. */
  webSocketPingMs: 15_000,
  /** A WebSocket without messages is closed after this, and opened again for the next one. */
  webSocketIdleMs: 300_000,
  /** A frame or a whole message from the peer, of which `hello` and `ok` are all that is expected. */
  webSocketHeardFrameBytesMax: 64 * 1024,
  /** All that a peer may send between two pings, and so much more for each message that it got. */
  webSocketHeardBytesMax: 256 * 1024,
  webSocketHeardBytesPerMessage: 1024,
  /** What a frame counts beside its content, or empty frames would be free. */
  webSocketHeardFrameCost: 16,
  /** Bytes handed to a WebSocket and not yet taken by the system; past it messages wait in line. */
  webSocketBufferedBytesMax: 1024 * 1024,
  /** Messages waiting in one WebSocket's line; past it they end as `connect_failed`. */
  webSocketWaitingMax: 4096,
  /** A closing WebSocket gets this long to say goodbye. */
  webSocketCloseMsMax: 500,

  /** `close()` waits this long for sockets to be gone. */
  closeMsMax: 2_000,
} as const;
