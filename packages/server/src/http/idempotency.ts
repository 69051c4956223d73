import { createHash } from "node:crypto";
import type { FastifyRequest } from "fastify";
import { RingbackError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import { bodyBytes } from "./json-body.ts";

const keyForm = new RegExp(String.raw`^[\x20-\x7e]{1,${limits.idempotencyKeyCharsMax}}$`);

/**
 * Reads the header Idempotency-Key. Returns null if the request has no such header. The fingerprint covers the whole
 * request: `scope` (the operation and its resource), the query, the content type and the body.
 */
export function idempotencyOf(
  request: FastifyRequest,
  scope: readonly unknown[],
): { key: string; fingerprint: string } | null {
  const key = request.headers["idempotency-key"];
  if (key === undefined) return null;
  if (typeof key !== "string" || !keyForm.test(key)) {
    const fault = `must be 1 to ${limits.idempotencyKeyCharsMax} printable ASCII characters`;
    throw RingbackError.at("invalid_idempotency_key", "Idempotency-Key", fault);
  }
  const query = request.url.split("?", 2)[1] ?? "";
  const head = JSON.stringify([...scope, query, request.headers["content-type"] ?? null]);
  return { key, fingerprint: createHash("sha256").update(head).update(bodyBytes(request)).digest("base64url") };
}
