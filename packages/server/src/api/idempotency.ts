import { createHash } from "node:crypto";
import type { FastifyRequest } from "fastify";
import { Type } from "typebox";
import { RingbackError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import type { Topic } from "../domain/model.ts";
import { bodyBytes } from "../http/json-body.ts";

const keyForm = new RegExp(String.raw`^[\x20-\x7e]{1,${limits.idempotencyKeyCharsMax}}$`);

export const idempotencyHeaders = Type.Object({
  "Idempotency-Key": Type.Optional(
    Type.String({
      description:
        `From 1 to ${limits.idempotencyKeyCharsMax} printable ASCII characters. The same request with the same key ` +
        `within ${limits.idempotencyKeyHours} hours publishes once and gets the first answer again.`,
    }),
  ),
});

/** The fingerprint covers all that the request says: its kind, topic, parameters, content type and bytes. */
export function idempotencyOf(
  request: FastifyRequest,
  kind: "publish" | "batch",
  topic: Topic,
): { key: string; fingerprint: string } | null {
  const key = request.headers["idempotency-key"];
  if (key === undefined) return null;
  if (typeof key !== "string" || !keyForm.test(key)) {
    throw RingbackError.at(
      "invalid_idempotency_key",
      "Idempotency-Key",
      `must be 1 to ${limits.idempotencyKeyCharsMax} printable ASCII characters`,
    );
  }
  const query = request.url.split("?", 2)[1] ?? "";
  const head = JSON.stringify([kind, topic.id, query, request.headers["content-type"] ?? null]);
  return { key, fingerprint: createHash("sha256").update(head).update(bodyBytes(request)).digest("base64url") };
}
