import type { FastifyRequest } from "fastify";
import type { Static } from "typebox";
import { RingbackError } from "../domain/errors.ts";
import type { NewMessage } from "../domain/model.ts";
import { bodyBytes, parseJson } from "../http/json-body.ts";
import { publishBody, type rawParameters } from "./message.ts";

/** Reads a message that is the body of the request itself. */
export function rawMessageOf(request: FastifyRequest, query: Static<typeof rawParameters>): NewMessage {
  const contentType = request.headers["content-type"] ?? null;
  const body = bodyBytes(request);
  if (contentType === null && body.length === 0) {
    const advice = "send JSON with Content-Type: application/json, or the message's own bytes with their content type";
    throw RingbackError.at("invalid_request", "body", `is missing: ${advice}`);
  }
  refuseMistakenType(contentType, body);
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

/** The largest body that is checked for being a publish request. */
const mistakenBytesMax = 64 * 1024;
/** Types that a program sends for JSON if its author has named no type: curl, fetch, older libraries. */
const typesOfUnawareClients =
  /^(?:text\/plain|application\/octet-stream|(?:text|application)\/(?:x-)?json)?\s*(?:;|$)/i;
const formType = /^application\/x-www-form-urlencoded\s*(?:;|$)/i;
const publishMembers = new Set(Object.keys(publishBody.properties));

/**
 * Throws if the bytes are most likely not the message itself, but JSON that was sent with a wrong content type. A form
 * never begins with a bracket, because forms are percent-encoded. With other types, only a whole publish request is
 * refused, because every other text can be a message.
 */
function refuseMistakenType(contentType: string | null, body: Uint8Array): void {
  const isForm = formType.test(contentType ?? "");
  if (isForm ? !startsWithBracket(body) : !typesOfUnawareClients.test(contentType ?? "") || !isPublishRequest(body))
    return;
  const given = contentType === null ? "is missing" : `is ${JSON.stringify(contentType.slice(0, 64))}`;
  const advice =
    'send Content-Type: application/json, or, if this text is itself the message, a JSON request with it as the string "body"';
  throw RingbackError.at("unsupported_media_type", "Content-Type", `${given}, but the body is JSON: ${advice}`);
}

function startsWithBracket(body: Uint8Array): boolean {
  // Spaces, tabs and line breaks may come before JSON.
  const first = body.find((byte) => ![0x20, 0x09, 0x0a, 0x0d].includes(byte));
  return first === 0x7b || first === 0x5b;
}

function isPublishRequest(body: Uint8Array): boolean {
  if (body.length > mistakenBytesMax || !startsWithBracket(body)) return false;
  try {
    const value = parseJson(body);
    if (typeof value !== "object" || value === null) return false;
    const names = Object.keys(value);
    return names.some((name) => /^body(?:Base64)?$/.test(name)) && names.every((name) => publishMembers.has(name));
  } catch {
    return false;
  }
}
