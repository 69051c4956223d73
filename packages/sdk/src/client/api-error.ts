import type { ErrorCode, Problem } from "./api.ts";

/** Thrown for every answer of the server that is an error. Its subclasses say what kind of error it is. */
export class RingbackApiError extends Error {
  override readonly name: string = "RingbackApiError";
  readonly status: number;
  /** Stable, for programs to act on. `unknown_error`: the answer did not come from Ringback, perhaps from a proxy. */
  readonly code: ErrorCode | "unknown_error";
  /** The whole problem document (RFC 9457); null: the answer had none. */
  readonly problem: Problem | null;
  /** From the header Retry-After, in milliseconds; null: the server has not said when to try again. */
  readonly retryAfterMs: number | null;

  constructor(status: number, problem: Problem | null, detail: string, retryAfterMs: number | null = null) {
    super(problem === null ? `the server answered ${status}: ${detail}` : `${problem.code} (${status}): ${detail}`);
    this.status = status;
    this.code = problem?.code ?? "unknown_error";
    this.problem = problem;
    this.retryAfterMs = retryAfterMs;
  }

  /** The id of the request, as in the server's log; null: the answer did not come from Ringback. */
  get requestId(): string | null {
    return this.problem?.requestId ?? null;
  }
}

/** The request is wrong: a setting, a parameter, the body or its size. `problem.errors` names the places. */
export class InvalidRequestError extends RingbackApiError {
  override readonly name: string = "InvalidRequestError";
}

/** The request has no API key, or one that is not valid. */
export class AuthenticationError extends RingbackApiError {
  override readonly name: string = "AuthenticationError";
}

/** The API key does not allow this request. */
export class PermissionError extends RingbackApiError {
  override readonly name: string = "PermissionError";
}

/** The topic, subscription, message or other resource does not exist. */
export class NotFoundError extends RingbackApiError {
  override readonly name: string = "NotFoundError";
}

/** The request does not fit the present state: the resource is in use, or was changed since it was read. */
export class ConflictError extends RingbackApiError {
  override readonly name: string = "ConflictError";
}

/** A limit is reached. The same request may succeed later. */
export class LimitError extends RingbackApiError {
  override readonly name: string = "LimitError";
}

/** The server, or a proxy in front of it, cannot serve the request now. The same request may succeed later. */
export class UnavailableError extends RingbackApiError {
  override readonly name: string = "UnavailableError";
}

/** No usable answer came. `cause` has the error of `fetch`. */
export class RingbackConnectionError extends Error {
  override readonly name = "RingbackConnectionError";
}

const kindOfStatus: Readonly<Record<number, typeof RingbackApiError>> = {
  401: AuthenticationError,
  403: PermissionError,
  404: NotFoundError,
  409: ConflictError,
  412: ConflictError,
  429: LimitError,
  502: UnavailableError,
  503: UnavailableError,
  504: UnavailableError,
};

const detailCharsMax = 300;

/** Returns the error for an answer whose status is not 2xx. `body`: its parsed JSON, or its text. */
export function apiError(response: Pick<Response, "status" | "statusText" | "headers">, body: unknown) {
  const { status, statusText, headers } = response;
  const kind = kindOfStatus[status] ?? (status >= 400 && status < 500 ? InvalidRequestError : RingbackApiError);
  if (isProblem(body)) return new kind(status, body, body.detail, retryAfterMs(headers));
  const text = typeof body === "string" && body !== "" ? body.slice(0, detailCharsMax) : statusText;
  return new kind(status, null, text, retryAfterMs(headers));
}

function isProblem(body: unknown): body is Problem {
  if (typeof body !== "object" || body === null) return false;
  const { code, detail } = body as Readonly<Record<string, unknown>>;
  return typeof code === "string" && typeof detail === "string";
}

/** Ringback sends Retry-After as seconds. */
export function retryAfterMs(headers: Headers): number | null {
  const seconds = headers.get("retry-after");
  return seconds !== null && /^\d{1,6}$/.test(seconds) ? Number(seconds) * 1000 : null;
}
