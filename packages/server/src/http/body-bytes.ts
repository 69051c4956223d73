import type { IncomingMessage } from "node:http";
import { type BodyFault, readBody } from "@ringback/sdk/protocols";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { RingbackError } from "../domain/errors.ts";
import type { ArrivingBody, BodyBudget } from "./body-budget.ts";
import type { HttpLimits } from "./http-limits.ts";
import { requestTooLarge } from "./http-server.ts";

const nothing = new Uint8Array(0);

/**
 * Sets `request.body` to the bytes of the body, for every route of this scope and every content type. The routes parse
 * the bytes. A refused body is still read up to a limit, because many clients read the response only after they have
 * sent everything. At the limit the connection is closed.
 */
export function takeBodiesAsBytes(
  scope: FastifyInstance,
  bytesMax: number,
  budget: BodyBudget,
  config: HttpLimits,
): void {
  scope.removeAllContentTypeParsers();
  // Fastify caches its choice of a parser only for types that are listed.
  const types = ["*", "application/json", "application/x-www-form-urlencoded", "text/plain"];
  scope.addContentTypeParser(types, async (request: FastifyRequest, payload: IncomingMessage) => {
    // `dropUnreadBody` drops the body of this request after the response.
    if (request.is404) return nothing;
    const encoding = request.headers["content-encoding"];
    const isEncoded = encoding !== undefined && encoding !== "identity";
    const announcedBytes = Number(request.headers["content-length"] ?? 0);
    let arriving: ArrivingBody | null = null;
    const body = await readBody(payload, {
      // An encoded body is refused as soon as its first bytes arrive.
      bytesMax: isEncoded ? -1 : bytesMax,
      announcedBytes,
      // Node's time limit for the whole request applies.
      timeMsMax: null,
      // Over HTTP/2, clients read the response while they send, and the response ends the request.
      droppedBytesMax: request.raw.httpVersionMajor === 1 ? config.requestBytesDiscardedMax : 0,
      dropsFirst: true,
      take(bytes, giveUp) {
        // Most bodies arrive whole.
        if (bytes === announcedBytes && budget.hasRoomFor(bytes)) return true;
        arriving ??= budget.begin(giveUp);
        return budget.take(arriving, bytes);
      },
    });
    if (arriving !== null) budget.end(arriving);
    if (isEncoded) {
      const rule = "must be absent: send the body uncompressed";
      throw RingbackError.at("unsupported_media_type", "Content-Encoding", rule);
    }
    if (typeof body === "string") throw errorOf(body, bytesMax);
    return body;
  });
}

const tooManyPieces = "The request body arrives in too many chunks of a few bytes; send larger chunks.";
const bodyTooSlow = "The request body arrived too slowly while other bodies needed the memory; try again.";

function errorOf(fault: BodyFault, bytesMax: number): RingbackError {
  if (fault === "too_large") return requestTooLarge(bytesMax);
  if (fault === "too_many_pieces") return new RingbackError("request_too_large", tooManyPieces);
  if (fault === "too_slow") return new RingbackError("request_timeout", bodyTooSlow);
  return fault === "refused"
    ? new RingbackError("overloaded", "Too many request bodies are arriving at once; try again shortly.")
    : // The client closed the connection before the body was complete, so nobody reads this response.
      new RingbackError("malformed_request", "The connection ended before the request did.");
}
