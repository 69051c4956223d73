/** Every bound of the HTTP client: its value, its unit (in the name) and why. */
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

  /** `close()` waits this long for sockets to be gone. */
  closeMsMax: 2_000,
} as const;
