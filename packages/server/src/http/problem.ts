import { STATUS_CODES, type ServerResponse } from "node:http";
import type { FastifyReply } from "fastify";
import { noteError } from "./answered-request.ts";
import { newRequestId, requestIdHeader, requestIdOf, showRequestId } from "./request-id.ts";
import { siteBase } from "../domain/site-base.ts";
import { errorTable, type ErrorCode, type RingbackError } from "../domain/errors.ts";

export const problemContentType = "application/problem+json";

/** Returns the path of the error's page on the documentation site. */
export function problemType(code: ErrorCode): string {
  return `${siteBase}reference/errors/${code}`;
}

/** Retry-After in seconds: longer where the cause usually lasts longer, such as a full disk. */
const retryAfterS: Partial<Record<ErrorCode, number>> = {
  too_many_failures: 10,
  account_rate_limit: 1,
  account_storage_limit: 5,
  overloaded: 1,
  storage_full: 15,
  storage_unavailable: 5,
  not_ready: 2,
  shutting_down: 5,
  inbox_full: 5,
  too_many_waiters: 5,
  too_many_unacknowledged: 5,
  queue_full: 5,
  too_many_streams: 15,
};

/** Returns RFC 9457 problem details, with the extension members `code`, `errors` and `requestId`. */
export function problemOf(error: RingbackError, requestId: string) {
  const row = errorTable[error.code];
  return {
    type: problemType(error.code),
    title: row.title,
    status: row.status,
    detail: error.message,
    code: error.code,
    ...(error.details.length > 0 ? { errors: error.details } : {}),
    requestId,
  };
}

export function problemHeaders(code: ErrorCode): Record<string, string> {
  const seconds = retryAfterS[code];
  return {
    ...(seconds === undefined ? {} : { "retry-after": String(seconds) }),
    ...(errorTable[code].status === 401 ? { "www-authenticate": 'Bearer realm="ringback"' } : {}),
  };
}

export function sendProblem(
  reply: FastifyReply,
  error: RingbackError,
  headers: Record<string, string> = {},
): FastifyReply {
  const request = reply.request.raw;
  noteError(request, error);
  showRequestId(request, reply.raw);
  const problem = problemOf(error, requestIdOf(request));
  // The problem is sent as bytes. Fastify would serialise an object again and add a charset, which this media type does
  // not have.
  return reply
    .code(problem.status)
    .headers({ ...problemHeaders(problem.code), ...headers, "content-type": problemContentType })
    .send(Buffer.from(JSON.stringify(problem)));
}

/** Answers a request that is not passed to fastify. A connection with HTTP/1.1 is closed after the response. */
export function writeProblem(response: ServerResponse, error: RingbackError): void {
  const requestId = requestIdOf(response.req);
  const body = Buffer.from(JSON.stringify(problemOf(error, requestId)));
  response.writeHead(errorTable[error.code].status, {
    ...problemHeaders(error.code),
    "content-type": problemContentType,
    "content-length": body.length,
    [requestIdHeader]: requestId,
    // A session of HTTP/2 goes on.
    ...(response.req.httpVersionMajor === 1 ? { connection: "close" } : {}),
  });
  response.end(body);
}

/**
 * Returns the whole response as text, including its head. Used when no request could be read from a connection, so the
 * response has an id of its own.
 */
export function problemText(error: RingbackError, requestId = newRequestId()): string {
  const { status } = errorTable[error.code];
  const body = JSON.stringify(problemOf(error, requestId));
  return [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}`,
    ...Object.entries(problemHeaders(error.code)).map(([name, value]) => `${name}: ${value}`),
    `content-type: ${problemContentType}`,
    `content-length: ${Buffer.byteLength(body)}`,
    `${requestIdHeader}: ${requestId}`,
    "connection: close",
    "",
    body,
  ].join("\r\n");
}
