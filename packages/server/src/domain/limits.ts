import { flowLimits } from "./flow-limits.ts";
import { hookLimits } from "./hook-limits.ts";
import { replayLimits } from "./replay-limits.ts";

/**
 * Every limit that a caller can reach: its value, its unit (in the name) and its reason. An operator may change some of
 * them; the configuration starts from these values.
 */
export const limits = {
  /** Names of topics, subscriptions and every other named resource. Long enough for a UUID or a customer's id. */
  nameCharsMax: 128,
  /** The pause after a failed verification of an endpoint. It doubles with each failure. */
  verifyPauseMsMin: 1_000,
  verifyPauseMsMax: 3600_000,
  /** The verification of an endpoint fails for good this long after its first attempt. */
  verifyTotalMsMax: 24 * 3600_000,
  /** A message's body. */
  bodyBytesMax: 1024 * 1024,
  /** The smallest body limit that a topic may set. */
  topicBodyBytesMin: 1024,
  batchMessagesMax: 1000,
  /** A publish request as sent, including the overhead of JSON and base64. */
  requestBytesMax: 8 * 1024 * 1024,
  /**
   * Nesting of the JSON in a request, including the body of a message. Many programs that receive a deeper message
   * would overflow their stack.
   */
  jsonDepthMax: 500,
  /**
   * Values (members and elements) of the JSON in a request, without those in the bodies of messages, which are not
   * parsed. A batch with everything that its messages may have needs fewer. Parsing so many takes some tens of
   * milliseconds.
   */
  jsonValuesMax: 50_000,
  /** Members of one object of such JSON. No object of the API has a hundred. */
  jsonMembersMax: 10_000,
  /** A publish request without the bodies of its messages: their tags, attributes and so on, and white space. */
  envelopeBytesMax: 4 * 1024 * 1024,
  /** A request that changes topics, subscriptions or other settings. These are small. */
  catalogRequestBytesMax: 256 * 1024,
  /** A text in the record of a change. Longer ones, such as certificates, are replaced by their hash. */
  auditTextCharsMax: 4 * 1024,
  /** Labels of one resource. Enough for the names of a customer, a team, a stage and a few others. */
  labelsMax: 16,
  labelNameCharsMax: 63,
  labelValueCharsMax: 255,
  descriptionCharsMax: 1000,
  /**
   * A PATCH and a conditional request read a resource and then write it. If another request has changed the resource
   * in between, they start again, up to this many rounds. In each round one of the concurrent requests succeeds.
   */
  writeRoundsMax: 32,
  tagsMax: 20,
  tagCharsMax: 64,
  /** The type of a message, and each type pattern of a filter. */
  typeBytesMax: 128,
  /** Matching takes at most (words of the pattern) × (words of the type) steps. */
  typeWordsMax: 32,
  typePatternsMax: 100,
  orderingKeyBytesMax: 128,
  attributesMax: 16,
  attributeNameCharsMax: 64,
  attributeValueBytesMax: 1024,
  /**
   * Names and values of all attributes of a message together. Attributes become HTTP headers, and a Node server accepts
   * 16 KiB of headers.
   */
  attributesBytesMax: 8 * 1024,
  contentTypeCharsMax: 256,
  idempotencyKeyCharsMax: 256,
  idempotencyKeyHours: 24,
  /**
   * A time that a caller gives. An earlier one is Unix seconds by mistake: seconds are below this number until the year
   * 31658, and nothing in a log is older than this time, 2000-01-01.
   */
  timeMsMin: Date.UTC(2000, 0, 1),
  /** The last millisecond of the year 9999. Unix microseconds are above it. */
  timeMsMax: Date.UTC(10_000, 0, 1) - 1,
  /** A smaller difference between the progress of two clocks is inaccuracy; a larger one means that a clock was set. */
  clockJumpMsMin: 50,
  /** A machine's clock that is set by no more than this needs no precaution. */
  clockStepMsMax: 60_000,
  /** How long the machine's clock must have stayed ahead before retention follows it. */
  clockHoldMs: 3600_000,
  delayMsMax: 12 * 3600_000,
  urlCharsMax: 2048,
  pushHeadersMax: 32,
  /**
   * Names and values of all headers that a subscription adds. Together with the attributes of a message they stay below
   * 16 KiB.
   */
  pushHeaderBytesMax: 4096,
  /** Characters of one CEL expression. A longer one takes too long to parse. */
  expressionCharsMax: 4_000,
  /** Characters of all expressions of a transformation together. */
  transformCharsMax: 8_000,
  /** Parts of an expression (names, constants, calls), and how deeply they may be nested. */
  expressionPartsMax: 2_000,
  expressionDepthMax: 200,
  /**
   * The cost of one evaluation, in steps of some 50 ns, so that it takes half a millisecond at most. A call of a
   * function costs a few steps, and more with long texts and lists.
   */
  expressionStepsMax: 6_000,
  /** Macros (`map`, `filter`, `all`, `exists`, `exists_one`) around another one. */
  expressionMacrosNestedMax: 8,
  /** Characters of a regular expression in an expression, and instructions of its compiled program. */
  regexCharsMax: 256,
  regexInstructionsMax: 1_000,
  /**
   * Instructions and ranges of characters of all regular expressions of one expression. The class `\pL` has 684 ranges.
   * A range takes 24 bytes.
   */
  regexPartsMax: 10_000,
  /** Body that a transformation makes. */
  transformedBodyBytesMax: 1024 * 1024,
  /**
   * Characters of the compiled expressions that are kept in memory for their next use. A character takes some 100
   * bytes, as do four parts of a regular expression.
   */
  expressionCharsKept: 200_000,
  /** Limits of `auth`. The header `Authorization` stays below 6 KiB. */
  authNameCharsMax: 256,
  authSecretCharsMax: 4096,
  oauth2ScopesMax: 64,
  /**
   * A client certificate with its chain, a private key, or the authorities of an endpoint, in PEM. The store keeps the
   * settings of all subscriptions in memory.
   */
  tlsPemCharsMax: 16 * 1024,
  /** Signing with a longer RSA key would hold the event loop for too long in every TLS handshake. */
  tlsRsaBitsMax: 4096,
  /** Header section of a request to this server. */
  requestHeaderBytesMax: 16 * 1024,
  requestHeaderCountMax: 128,
  /** Time for a client to send the header section. `requestMsMax` is the time for the whole request. */
  requestHeaderMsMax: 10_000,
  requestMsMax: 60_000,
  /**
   * Open client connections: one for each pull that may wait (`pullWaitersTotalMax`), plus 4,000 for other requests.
   */
  connectionsMax: 16_000,
  /** Requests that may run at once over one HTTP/2 connection. All HTTP/2 connections together: `connectionsMax`. */
  http2StreamsPerConnectionMax: 100,
  /**
   * Memory for request bodies that are still arriving, over all connections. Bounds what 10,000 slow uploads can use.
   */
  requestBytesArrivingMax: 128 * 1024 * 1024,
  /**
   * A request body that pauses for longer, or that arrives with fewer bytes per second, loses its memory when other
   * bodies need it. A second is longer than a lost packet usually takes to be sent again.
   */
  requestBodyPauseMsMax: 1_000,
  requestBytesPerSecondMin: 256 * 1024,
  /**
   * Bytes of a refused request that are still read and discarded, so that the client gets to read the error response.
   */
  requestBytesDiscardedMax: 32 * 1024 * 1024,
  /**
   * An idle connection is closed after this time. Most proxies close theirs after a minute, so the proxy closes first.
   */
  keepAliveMs: 65_000,
  /** A connection without any traffic in the middle of a request or a response is closed after this time. */
  connectionIdleMsMax: 120_000,
  /** A stopping server waits this long for running requests, then closes their connections. */
  closeMsMax: 10_000,
  /** Message ids in one redrive request. */
  redriveIdsMax: 1_000,

  attemptTimeoutMsDefault: 15_000,
  attemptTimeoutMsMin: 1_000,
  attemptTimeoutMsMax: 60_000,
  /**
   * Maximum number of bytes read of a reply. If the reply is longer, the connection is closed and only the status
   * counts.
   */
  replyBytesMax: 64 * 1024,
  /** Bytes of the reply that the attempt record keeps. */
  replyKeptBytes: 1024,
  /** Of the body of a request, and of the body of its reply, at most so many bytes are kept with an attempt. */
  exchangeBodyBytesMax: 64 * 1024,
  /** The sentence of an attempt's record about what went wrong. */
  errorDetailCharsMax: 500,

  maxInFlightDefault: 64,
  maxInFlightMax: 1024,
  retriesMax: 1000,
  retryDelayMsMax: 30 * 24 * 3600_000,
  retryFactorMax: 100,
  /** The longest schedule: the time from the first attempt to the last retry. */
  retryTotalMsMax: 30 * 24 * 3600_000,
  /** Length of EXPONENTIAL_DECAY_RETRY, and of a growing policy that gives no length. */
  retryTotalMsDefault: 24 * 3600_000,

  /** A longer `Retry-After` of an endpoint is shortened to this. The delay of the retry policy may still be longer. */
  retryAfterMsMax: 3600_000,

  /**
   * Pushes and hook calls in a row. A request that comes after so many is refused as part of a loop. With this limit,
   * two subscriptions that push to their own topic make 62 POSTs of one message; with one more it would be 126.
   */
  hopsMax: 5,
  /** A `traceparent` of a later version may be longer than the 55 characters of version 00. */
  traceparentCharsMax: 256,
  /** A longer `tracestate` is not read. */
  traceStateReadCharsMax: 8 * 1024,
  /** W3C Trace Context allows 32 members, and wants systems to pass on at least 512 characters. */
  traceStateMembersMax: 32,
  traceStateCharsMax: 512,
  /** Keys with which one subscription signs. A key rotation needs two keys at a time. */
  pushKeysMax: 5,

  /** Keys that were replaced and still sign beside their successor. */
  previousKeysMax: 2,
  /** How long a replaced key signs beside its successor. */
  keyOverlapMsDefault: 24 * 3600_000,
  /** Length of a secret that the server generates: as long as the hash of HMAC-SHA256. */
  generatedSecretBytes: 32,
  /** Public keys in one key set. */
  publicKeysMax: 1_000,

  /** A shared secret has at least 128 bits. No dialect uses more than `secretBytesMax`. */
  secretBytesMin: 16,
  secretBytesMax: 128,

  /** The label of an API key. */
  apiKeyNameCharsMax: 64,
  /** Patterns of topics to which an API key is limited. */
  apiKeyTopicsMax: 100,
  /** How long a portal link is valid, in seconds. */
  portalLinkSMin: 60,
  portalLinkSDefault: 3600,
  portalLinkSMax: 24 * 3600,
  /** The logo of the portal, as a `data:` URL: an image of 24 KiB. */
  portalLogoCharsMax: 32 * 1024,
  portalNameCharsMax: 64,
  portalFrameAncestorsMax: 20,
  /** How long a replaced API key may stay valid beside the new one. */
  apiKeyOverlapMsMax: 30 * 24 * 3600_000,
  /** The last use of an API key is written at most once in this time. */
  apiKeyUseWrittenMs: 60_000,
  /** API keys of recent requests that are kept in memory, each with its token. */
  recentApiKeysMax: 10_000,
  /** Wrong tokens from one address after which further ones are refused unread. */
  authFailuresMax: 20,
  /** The time in which one failure is forgotten, so that an address gets six further attempts a minute. */
  authFailureForgottenMs: 10_000,
  /** Addresses whose failures are counted. The one with the oldest failure is forgotten first. */
  authSourcesMax: 10_000,
  /** The SecretId of an API key, including its prefix. */
  secretIdCharsMax: 64,

  ...flowLimits,

  ...hookLimits,

  /** Entries (hooks, inboxes, keys, ...) of each kind. */
  entriesMax: 100_000,
  /** One entry as JSON, as the store keeps it. Large enough for an entry with all settings at their limits. */
  entryBytesMax: 64 * 1024,

  inboxMessagesDefault: 10_000,
  inboxMessagesMax: 1_000_000,
  /**
   * Smallest and largest value of `whilePolledMs`, the time after the last poll during which an inbox keeps messages.
   */
  whilePolledMsMin: 1_000,
  whilePolledMsMax: 7 * 24 * 3600_000,
  /**
   * Headers of the request that an inbox keeps with a message: their number, and the bytes of all names and values
   * together. A GET of the inbox sends them back, and many clients accept 16 KiB of headers.
   */
  inboxHeadersMax: 64,
  inboxHeaderBytesMax: 8 * 1024,
  /** A longer query is not kept. */
  inboxQueryBytesMax: 2048,
  /** Secrets with which an inbox verifies requests. Replacing a secret needs two at a time. */
  inboxSecretsMax: 4,
  inboxSecretCharsMin: 8,
  inboxSecretCharsMax: 256,
  /** The difference between a signed timestamp and the machine's clock: five minutes is what most senders advise. */
  inboxToleranceMsDefault: 300_000,
  inboxToleranceMsMin: 1_000,
  inboxToleranceMsMax: 24 * 3600_000,
  /** The longest time for which a replaced path of an inbox stays valid. */
  overlapMsMax: 30 * 24 * 3600_000,
  /** Longest wait of one GET of an inbox. Shorter than the time that most proxies allow for a response. */
  inboxWaitMsMax: 60_000,
  /**
   * Waiting GETs of one inbox; `inboxWaitersTotalMax` is the limit for all inboxes. Each waiting GET occupies a
   * connection.
   */
  inboxWaitersMax: 1_000,
  inboxWaitersTotalMax: 4_000,
  /**
   * Time for a client to read its message. Afterwards the connection is closed, and the next client gets the message.
   */
  inboxAnswerMsMax: 60_000,

  visibilityMsDefault: 30_000,
  visibilityMsMin: 1_000,
  visibilityMsMax: 12 * 3600_000,
  receivesMax: 1_000,
  /** Messages that one pull may return. */
  pullMessagesMax: 100,
  /** A pull returns messages up to this many bytes together, but always at least one. */
  pullBytesMax: 4 * 1024 * 1024,
  /** Receipt handles in one request. */
  receiptHandlesMax: 100,
  /** Longest wait of one pull. Shorter than the time that most proxies allow for a response. */
  pullWaitMsMax: 60_000,
  /**
   * Time for a client to read its messages. Afterwards the connection is closed, and other receivers get the messages.
   */
  pullAnswerMsMax: 60_000,
  /** The longest receipt handle that is read from a request. Valid handles are shorter. */
  receiptHandleCharsMax: 256,
  /**
   * Waiting pulls of one subscription; `pullWaitersTotalMax` is the limit for all subscriptions. Each waiting pull
   * occupies only a connection.
   */
  pullWaitersMax: 12_000,
  pullWaitersTotalMax: 12_000,
  /** Messages of a log that are scanned to count the delayed messages. */
  delayedExaminedMax: 10_000,

  retentionMsDefault: 7 * 24 * 3600_000,
  retentionMsMin: 60_000,
  retentionMsMax: 365 * 24 * 3600_000,

  /**
   * A failing subscription with this many parked deliveries (waiting for their next attempt) reads no further messages.
   */
  parkedFailingMax: 1_000,
  /** Parked deliveries of one subscription. */
  parkedMax: 100_000,
  /** Parked deliveries that a rewind removes in one commit. Bounds how long other writes wait. */
  rewoundPerCommitMax: 5_000,

  topicsMax: 100_000,
  subscriptionsPerTopicMax: 10_000,
  subscriptionsMax: 1_000_000,
  /**
   * A message id has 23 bits for the number of its topic. The number of a deleted topic is in use until retention has
   * removed everything that belongs to the topic.
   */
  topicNumbersMax: 2 ** 23 - 1,
  /** A deleted topic's number rests until this many others were released after it. Then a new topic may have it. */
  topicNumbersResting: 10_000,

  ...replayLimits,

  pageItemsDefault: 50,
  pageItemsMax: 200,
  /**
   * Records that one page of a search examines: attempts, dead letters, messages or subscriptions. If the filter
   * matches few of them, the page is short, and the next page continues the search. Reading so many records takes some
   * tens of milliseconds.
   */
  recordsExaminedMax: 10_000,
  /** Steps of the statistics that one request gets. */
  statisticsPointsMax: 300,
  statisticsPointsDefault: 60,
  statisticsRangeMsMax: 31 * 24 * 3600_000,
  /** Messages that one page examines when it shows or filters states of deliveries. */
  deliveriesExaminedMax: 2_000,
  /**
   * Attempts that one page may read to find states of deliveries. A message has at least one attempt for each
   * subscription of its topic.
   */
  attemptsExaminedMax: 100_000,
  /** A subscription is lagging if more messages than this wait in the log, or if one of them is older than this. */
  laggingMessages: 1_000,
  laggingAgeMs: 300_000,
  /** Records that one read of a search examines, so that claims need not wait long for the reading thread. */
  recordsPerReadMax: 500,
  eventStreamsMax: 64,
  /**
   * Events buffered for one slow reader of /v1/events. Beyond this number the oldest are dropped, and the stream
   * reports that.
   */
  eventStreamBacklogMax: 1_000,
  /**
   * Longest time without data on /v1/events. A heartbeat then keeps proxies from closing the stream and detects dead
   * readers.
   */
  eventHeartbeatMs: 15_000,

  /** Nodes in one cluster listing. A node that restarts every second adds one row each time. */
  nodesListedMax: 1_000,
} as const;
