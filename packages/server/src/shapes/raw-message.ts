import type { FastifyRequest } from "fastify";
import type { Static } from "typebox";
import { RingbackError } from "../domain/errors.ts";
import type { NewMessage } from "../domain/model.ts";
import { bodyBytes } from "../http/json-body.ts";
import type { rawParameters } from "./message.ts";

/** Reads a message that is the body of the request itself. */
export function rawMessageOf(request: FastifyRequest, query: Static<typeof rawParameters>): NewMessage {
  const contentType = request.headers["content-type"] ?? null;
  const body = bodyBytes(request);
  if (contentType === null && body.length === 0) {
    const advice = "send JSON with Content-Type: application/json, or the message's own bytes with their content type";
    throw RingbackError.at("invalid_request", "body", `is missing: ${advice}`);
  }
  return {
    body,
    contentType,
    tags: query.tags ?? [],
    type: query.type ?? null,
    orderingKey: query.orderingKey ?? null,
    attributes: {},
    delayMs: query.delayMs ?? 0,
  };
}
