/**
 * Every error that a caller can get. `status` is the HTTP status, and `title` is for people. docs/reference/errors.md
 * is generated from this table.
 */
export const errorTable = {
  malformed_request: { status: 400, title: "The request is not well-formed HTTP." },
  malformed_json: { status: 400, title: "The request body is not valid JSON." },
  json_too_complex: {
    status: 400,
    title: "The JSON is nested too deeply, or has too many values or too long a number.",
  },
  invalid_utf8: { status: 400, title: "The request body is not valid UTF-8." },
  invalid_request: { status: 400, title: "A field of the request is missing or wrong." },
  invalid_name: { status: 400, title: "A name has a form that is not allowed." },
  invalid_url: { status: 400, title: "The URL cannot be used as an endpoint." },
  unknown_protocol: { status: 400, title: "There is no protocol with this name." },
  invalid_tag: { status: 400, title: "A tag is too long or contains characters that are not allowed." },
  too_many_tags: { status: 400, title: "There are too many tags." },
  invalid_type: { status: 400, title: "The type has a form that is not allowed." },
  invalid_type_pattern: { status: 400, title: "A type pattern has a form that is not allowed." },
  invalid_schema: { status: 400, title: "The JSON Schema of the event type cannot be used." },
  unlisted_type: { status: 400, title: "The topic takes only messages of types that the account lists." },
  invalid_body: { status: 400, title: "The body of a message is not valid by the schema of its type." },
  invalid_expression: { status: 400, title: "A CEL expression cannot be used." },
  invalid_retry_policy: { status: 400, title: "The retry policy cannot be used." },
  invalid_key: { status: 400, title: "The key cannot be used for this." },
  secrets_needed: { status: 400, title: "Secrets must be given again for another origin." },
  invalid_cursor: { status: 400, title: "The page cursor does not come from an earlier page of this list." },
  invalid_idempotency_key: { status: 400, title: "The Idempotency-Key header has a form that is not allowed." },
  empty_batch: { status: 400, title: "The batch contains no message." },
  signature_invalid: {
    status: 401,
    title: "The request does not prove that it comes from a sender that may send to the inbox.",
  },
  api_key_missing: { status: 401, title: "The request needs an API key, in the header Authorization." },
  invalid_api_key: {
    status: 401,
    title: "The API key is malformed, unknown, expired or revoked, or it belongs to a deleted account.",
  },
  csrf_header_missing: {
    status: 403,
    title: "A request with a session cookie must come from the server's own page, with the header Ringback-Csrf.",
  },
  forbidden: { status: 403, title: "The API key is not valid for this request." },
  origin_not_allowed: { status: 403, title: "The request comes from a web page that may not send requests." },
  route_not_found: { status: 404, title: "There is no resource at this path." },
  method_not_allowed: { status: 405, title: "The resource does not support this method." },
  account_not_found: { status: 404, title: "There is no account with this name." },
  portal_link_not_found: { status: 404, title: "There is no portal link with this id." },
  topic_not_found: { status: 404, title: "There is no topic with this name." },
  subscription_not_found: { status: 404, title: "There is no subscription with this name." },
  message_not_found: { status: 404, title: "There is no message with this id, or its retention time is over." },
  attempt_not_found: { status: 404, title: "The subscription has no attempt with this id." },
  dead_letter_not_found: { status: 404, title: "There is no dead letter with this id." },
  replay_not_found: { status: 404, title: "There is no replay with this id." },
  inbox_not_found: { status: 404, title: "There is no inbox with this name." },
  hook_not_found: { status: 404, title: "There is no hook with this name." },
  event_type_not_found: { status: 404, title: "The account lists no event type with this name." },
  queue_not_found: { status: 404, title: "There is no queue with this name." },
  api_key_not_found: { status: 404, title: "There is no API key with this id." },
  key_not_found: { status: 404, title: "There is no key with this name." },
  request_timeout: { status: 408, title: "The request took too long to arrive." },
  api_key_exists: { status: 409, title: "There is already another API key with this secretId." },
  key_in_use: { status: 409, title: "Subscriptions or hooks still use the key." },
  account_deleting: { status: 409, title: "The account is being deleted." },
  name_taken: { status: 409, title: "The name must be unique on this server, and is used already." },
  rotation_limit: { status: 409, title: "Too many keys that were replaced still sign beside the key." },
  no_public_key: { status: 409, title: "The key is a shared secret, which has no public half." },
  queue_exists: { status: 409, title: "There is already a queue with this name." },
  not_pulled: { status: 409, title: "The subscription is pushed, so that it cannot be pulled from." },
  built_in_topic: { status: 409, title: "The topic belongs to the server, and requests cannot change it in this way." },
  immutable_field: { status: 409, title: "The field cannot be changed after the resource was created." },
  idempotency_conflict: { status: 409, title: "The Idempotency-Key was used before with a different request." },
  topic_limit: { status: 409, title: "The account has the largest number of topics that is allowed." },
  topic_used_up: { status: 409, title: "The topic has had the largest number of messages; create another topic." },
  subscription_limit: {
    status: 409,
    title: "The topic or the account has the largest number of subscriptions that is allowed.",
  },
  replay_limit: { status: 409, title: "The account has as many replays that have not ended as it may have." },
  delivery_conflict: { status: 409, title: "The state of the delivery does not allow this." },
  master_key_missing: { status: 409, title: "The server has no master key to encrypt secrets with." },
  key_unavailable: { status: 409, title: "The key cannot be decrypted with the master keys that the server has." },
  entry_limit: { status: 409, title: "The account has the largest number of resources of this kind that is allowed." },
  precondition_failed: { status: 412, title: "The condition of the If-Match or If-None-Match header does not hold." },
  body_too_large: { status: 413, title: "A message is larger than its topic allows." },
  request_too_large: { status: 413, title: "The request is larger than the server accepts." },
  batch_too_large: { status: 413, title: "The batch contains too many messages." },
  unsupported_media_type: { status: 415, title: "The request's content type is not supported here." },
  expectation_failed: { status: 417, title: "The server supports no other Expect header than 100-continue." },
  host_not_allowed: { status: 421, title: "The host of the request is not a known name of this server." },
  headers_too_large: { status: 431, title: "The request's header section is too large." },
  too_many_failures: {
    status: 429,
    title: "Too many requests from this address had a wrong API key or signature; try again later.",
  },
  account_rate_limit: { status: 429, title: "The account has published as many messages a second as it may." },
  too_many_tests: {
    status: 429,
    title: "The account runs as many tests and verifications as it may at the moment; try again shortly.",
  },
  account_storage_limit: { status: 429, title: "The account has as many bytes of messages stored as it may." },
  internal: { status: 500, title: "The server met an unexpected condition." },
  overloaded: { status: 503, title: "The server cannot take more work now; try again shortly." },
  storage_full: { status: 503, title: "The disk is full, or the database has reached its size limit." },
  storage_unavailable: { status: 503, title: "The database cannot be written at the moment." },
  not_ready: { status: 503, title: "The server is running but cannot answer requests at the moment." },
  shutting_down: { status: 503, title: "The server is stopping; try again later, or on another server." },
  queue_full: { status: 503, title: "The queue contains the largest number of messages that is allowed." },
  inbox_full: { status: 503, title: "The inbox contains the largest number of messages that is allowed." },
  too_many_unacknowledged: {
    status: 503,
    title: "Too many pulled messages are not acknowledged yet; no further message can be pulled.",
  },
  too_many_waiters: { status: 503, title: "Too many requests are waiting for a message." },
  too_many_streams: { status: 503, title: "Too many event streams are open." },
  loop_detected: { status: 508, title: "The request comes from a loop of pushes or hook calls." },
} as const satisfies Record<string, { status: number; title: string }>;

export type ErrorCode = keyof typeof errorTable;

/** Whether the same request may succeed later. */
export function mayPass(code: ErrorCode): boolean {
  const { status } = errorTable[code];
  return (status >= 500 && code !== "loop_detected") || status === 408 || status === 429;
}

/**
 * `field`: a path such as `push.url`, or the name of a header or parameter of the request. `message`: the fault of the
 * field, or the rule that its value must follow.
 */
export interface ErrorDetail {
  readonly field: string;
  readonly message: string;
  /** JSON pointer (RFC 6901) of the value in the body of a message, if the fault is there. */
  readonly pointer?: string;
}

interface ErrorOptions {
  readonly details?: readonly ErrorDetail[];
  readonly cause?: unknown;
  readonly retryAfterS?: number | null;
}

/** The only class of errors whose text is returned to callers of the API. */
export class RingbackError extends Error {
  override readonly name = "RingbackError";
  readonly code: ErrorCode;
  readonly details: readonly ErrorDetail[];
  /** When the same request can succeed. null: not known, so the response names what is usual for the code. */
  readonly retryAfterS: number | null;

  constructor(code: ErrorCode, detail?: string, options: ErrorOptions = {}) {
    super(detail ?? errorTable[code].title, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.details = options.details ?? [];
    this.retryAfterS = options.retryAfterS ?? null;
  }

  /** An error about one field. */
  static at(code: ErrorCode, field: string, message: string): RingbackError {
    return new RingbackError(code, `${field}: ${message}`, { details: [{ field, message }] });
  }
}
