/**
 * The one table of errors that a caller can see. `status` is the HTTP status, `retry` whether the same request may
 * succeed later, `title` the sentence for people. docs/reference/errors.md is generated from it.
 */
export const errorTable = {
  malformed_request: { status: 400, retry: false, title: "The request is not well-formed HTTP." },
  malformed_json: { status: 400, retry: false, title: "The request body is not valid JSON." },
  invalid_utf8: { status: 400, retry: false, title: "The request body is not valid UTF-8." },
  invalid_request: { status: 400, retry: false, title: "A field of the request is missing or wrong." },
  invalid_name: { status: 400, retry: false, title: "A name has a form that is not allowed." },
  invalid_url: { status: 400, retry: false, title: "The URL cannot be used as an endpoint." },
  unknown_protocol: { status: 400, retry: false, title: "No such protocol." },
  invalid_tag: { status: 400, retry: false, title: "A tag is too long or holds characters that are not allowed." },
  too_many_tags: { status: 400, retry: false, title: "Too many tags." },
  invalid_type: { status: 400, retry: false, title: "The type has a wrong form." },
  invalid_type_pattern: { status: 400, retry: false, title: "A type pattern has a wrong form." },
  invalid_retry_policy: { status: 400, retry: false, title: "The retry policy is not one of the known forms." },
  invalid_key: { status: 400, retry: false, title: "The key is not one that can be used here." },
  invalid_cursor: { status: 400, retry: false, title: "The page cursor was not given out by this server." },
  invalid_idempotency_key: { status: 400, retry: false, title: "The Idempotency-Key header has a wrong form." },
  empty_batch: { status: 400, retry: false, title: "The batch holds no message." },
  route_not_found: { status: 404, retry: false, title: "No such resource." },
  method_not_allowed: { status: 405, retry: false, title: "The resource does not answer to this method." },
  topic_not_found: { status: 404, retry: false, title: "No such topic." },
  subscription_not_found: { status: 404, retry: false, title: "No such subscription." },
  message_not_found: { status: 404, retry: false, title: "No such message, or its retention time is over." },
  dead_letter_not_found: { status: 404, retry: false, title: "No such dead letter." },
  inbox_not_found: { status: 404, retry: false, title: "No such inbox." },
  hook_not_found: { status: 404, retry: false, title: "No such hook." },
  queue_not_found: { status: 404, retry: false, title: "No such queue." },
  api_key_not_found: { status: 404, retry: false, title: "No such API key." },
  key_not_found: { status: 404, retry: false, title: "No such key." },
  request_timeout: { status: 408, retry: true, title: "The request took too long to arrive." },
  api_key_exists: { status: 409, retry: false, title: "There is another API key of this secretId." },
  queue_exists: { status: 409, retry: false, title: "There is a queue of this name." },
  not_pulled: { status: 409, retry: false, title: "The subscription is pushed: nobody can pull from it." },
  precondition_failed: { status: 412, retry: false, title: "Somebody else has changed or created it meanwhile." },
  immutable_field: { status: 409, retry: false, title: "The field cannot be changed once the resource exists." },
  idempotency_conflict: {
    status: 409,
    retry: false,
    title: "The Idempotency-Key was used before with another request.",
  },
  topic_limit: { status: 409, retry: false, title: "The account has as many topics as it may have." },
  subscription_limit: { status: 409, retry: false, title: "The topic has as many subscriptions as it may have." },
  master_key_missing: { status: 409, retry: false, title: "The server has no master key to keep keys with." },
  key_unavailable: { status: 409, retry: false, title: "The key cannot be opened with the master keys at hand." },
  entry_limit: { status: 409, retry: false, title: "The account has as many of these as it may have." },
  body_too_large: { status: 413, retry: false, title: "A message is larger than its topic allows." },
  request_too_large: { status: 413, retry: false, title: "The request is larger than the server accepts." },
  batch_too_large: { status: 413, retry: false, title: "The batch holds too many messages." },
  unsupported_media_type: { status: 415, retry: false, title: "The request's content type is not supported here." },
  expectation_failed: { status: 417, retry: false, title: "The Expect header asks for something unknown." },
  headers_too_large: { status: 431, retry: false, title: "The request's header section is too large." },
  internal: { status: 500, retry: true, title: "The server met an unexpected condition." },
  overloaded: { status: 503, retry: true, title: "The server has as much work as it can hold; try again shortly." },
  storage_full: { status: 503, retry: true, title: "The disk or the database's size limit is full." },
  storage_unavailable: { status: 503, retry: true, title: "The database cannot be written at the moment." },
  not_ready: { status: 503, retry: true, title: "The server is up but cannot serve at the moment." },
  shutting_down: {
    status: 503,
    retry: true,
    title: "The server is stopping; another one, or a later try, will serve.",
  },
  queue_full: { status: 503, retry: true, title: "The queue holds as many messages as it may." },
  inbox_full: { status: 503, retry: true, title: "The inbox holds as many messages as it may." },
  too_many_unacknowledged: {
    status: 503,
    retry: true,
    title: "As many messages are handed out and not acknowledged as may be; nothing new is handed out.",
  },
  too_many_waiters: { status: 503, retry: true, title: "As many requests wait for a message as the server allows." },
  too_many_streams: { status: 503, retry: true, title: "As many event streams are open as the server allows." },
} as const satisfies Record<string, { status: number; retry: boolean; title: string }>;

export type ErrorCode = keyof typeof errorTable;

/** Where in the request the fault lies, as a JSON Pointer, a header or a parameter name, and what would be right. */
export interface ErrorDetail {
  readonly field: string;
  readonly message: string;
}

/** The only error class that crosses from the rules, the store and the engine to a caller. */
export class RingbackError extends Error {
  override readonly name = "RingbackError";
  readonly code: ErrorCode;
  readonly details: readonly ErrorDetail[];

  constructor(code: ErrorCode, detail?: string, options: { details?: readonly ErrorDetail[]; cause?: unknown } = {}) {
    super(detail ?? errorTable[code].title, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.details = options.details ?? [];
  }

  /** A fault of one named field. */
  static at(code: ErrorCode, field: string, message: string): RingbackError {
    return new RingbackError(code, `${field}: ${message}`, { details: [{ field, message }] });
  }
}

/** True for the error of a put whose condition does not hold. */
export function isPreconditionFailed(error: unknown): boolean {
  return error instanceof RingbackError && error.code === "precondition_failed";
}
