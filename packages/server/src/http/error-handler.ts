import type { FastifyReply, FastifyRequest } from "fastify";
import { RingbackError } from "../domain/errors.ts";
import { sendProblem } from "./problem.ts";
import { requestIdOf } from "./request-id.ts";

/** Receives errors that are faults of the server, for its log. */
export type RequestFailed = (error: unknown, members: { readonly requestId: string } & Record<string, unknown>) => void;

/**
 * Returns a handler that answers every error of a route or of fastify with a problem document. An unexpected error is
 * logged, and its text is not shown to the caller.
 */
export function createErrorHandler(failed: RequestFailed) {
  return function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
    // Fastify sets this header when a body is refused. HTTP/2 does not have it.
    if (request.raw.httpVersionMajor === 2) reply.removeHeader("connection");
    const known = knownError(error);
    if (known !== null) {
      const { retryAfterS } = known;
      void sendProblem(reply, known, retryAfterS === null ? {} : { "retry-after": String(retryAfterS) });
      return;
    }
    failed(error, { requestId: requestIdOf(request.raw), method: request.method, url: loggedUrl(request.url) });
    void sendProblem(reply, new RingbackError("internal", "The server's log has the details under this request id."));
  };
}

/** Leaves out the parts of a URL in which senders put tokens: the query, and the last part of a receivePath. */
function loggedUrl(url: string): string {
  return url.replace(/\?[^]*/, "").replace(/\/inb_[^/]*/, "/inb_…");
}

function knownError(error: unknown): RingbackError | null {
  if (error instanceof RingbackError) return error;
  switch ((error as { code?: unknown } | null)?.code) {
    case "FST_ERR_BAD_URL":
      return new RingbackError(
        "malformed_request",
        "The path contains a percent sign that is not part of a valid escape.",
      );
    case "FST_ERR_MAX_PARAM_LENGTH":
      return new RingbackError("route_not_found");
    case "FST_ERR_CTP_INVALID_MEDIA_TYPE":
      return RingbackError.at("unsupported_media_type", "Content-Type", 'must have the form "type/subtype"');
    case "ECONNRESET":
      // The client closed the connection before the body was complete, so nobody reads this response.
      return new RingbackError("malformed_request", "The connection ended before the request did.");
    default:
      return null;
  }
}
