import { randomUUID } from "node:crypto";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { Logger } from "pino";
import { RingbackError } from "../domain/errors.ts";
import { problemOf, sendProblem } from "./problem.ts";

/** Turns whatever a handler or fastify threw into a problem. What nobody foresaw is logged, and hidden from the caller. */
export function createErrorHandler(log: Logger) {
  return function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
    const known = knownError(error);
    if (known !== null) {
      void sendProblem(reply, problemOf(known));
      return;
    }
    const requestId = randomUUID();
    log.error({ err: error, requestId, method: request.method, url: request.url }, "A request failed unexpectedly");
    const internal = new RingbackError("internal", "The server's log tells more under this request id.");
    void sendProblem(reply, problemOf(internal, requestId));
  };
}

function knownError(error: unknown): RingbackError | null {
  if (error instanceof RingbackError) return error;
  switch ((error as { code?: unknown } | null)?.code) {
    case "FST_ERR_BAD_URL":
      return new RingbackError("malformed_request", "The path holds a percent sign that starts no valid escape.");
    case "FST_ERR_MAX_PARAM_LENGTH":
      return new RingbackError("route_not_found");
    case "FST_ERR_CTP_INVALID_MEDIA_TYPE":
      return RingbackError.at("unsupported_media_type", "Content-Type", 'must have the form "type/subtype"');
    case "ECONNRESET":
      // The client went away in the middle of its body: nobody will read this.
      return new RingbackError("malformed_request", "The connection ended before the request did.");
    default:
      return null;
  }
}
