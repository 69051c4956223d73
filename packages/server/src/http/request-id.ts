import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { FastifyReply, FastifyRequest } from "fastify";

export const requestIdHeader = "x-request-id";

/** The form of a caller's own id, which is written into a header, a document and lines of the log. */
const acceptedId = /^[A-Za-z0-9][A-Za-z0-9._:=+/-]{0,63}$/;

const ids = new WeakMap<IncomingMessage, string>();

/** A random id, so that no id shows how many requests there were. */
export function newRequestId(): string {
  return randomUUID();
}

/**
 * The id of a request: the caller's header `X-Request-Id` if it has an accepted form, otherwise a new one. The id is in
 * the header of the answer, in its problem document and in every line of the log about the request.
 */
export function requestIdOf(request: IncomingMessage): string {
  let id = ids.get(request);
  if (id === undefined) {
    const given = request.headers[requestIdHeader];
    id = typeof given === "string" && acceptedId.test(given) ? given : newRequestId();
    ids.set(request, id);
  }
  return id;
}

/** Sets the header of the answer. Must be called before the answer is written. */
export function showRequestId(request: IncomingMessage, response: ServerResponse): void {
  response.setHeader(requestIdHeader, requestIdOf(request));
}

/** Replaces the id, for APIs whose answers have ids of a form of their own. */
export function renameRequest(request: FastifyRequest, reply: FastifyReply, id: string): void {
  ids.set(request.raw, id);
  request.id = id;
  showRequestId(request.raw, reply.raw);
}
