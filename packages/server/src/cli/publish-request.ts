import type { ApiRequest } from "./api-client.ts";

export interface OutgoingMessage {
  readonly topic: string;
  readonly body: Uint8Array;
  readonly contentType: string;
  readonly tags: readonly string[];
  readonly type: string | null;
  readonly orderingKey: string | null;
  readonly attributes: Readonly<Record<string, string>>;
  readonly delayMs: number;
  readonly idempotencyKey: string | null;
}

/** Returns the request that publishes the message. The bytes of the message are sent unchanged. */
export function publishRequest(message: OutgoingMessage): Omit<ApiRequest, "timeoutMs"> {
  const idempotency: Record<string, string> =
    message.idempotencyKey === null ? {} : { "idempotency-key": message.idempotencyKey };
  const path = `/v1/topics/${encodeURIComponent(message.topic)}/messages`;
  if (canBeRaw(message)) {
    const headers = { "content-type": message.contentType, ...idempotency };
    return { method: "POST", path: path + rawQuery(message), headers, body: message.body };
  }
  const headers = { "content-type": "application/json", ...idempotency };
  return { method: "POST", path, headers, body: new TextEncoder().encode(jsonForm(message)) };
}

/**
 * A raw request has the message as its body and all other values in the query. The query cannot contain attributes or
 * tags with commas. A message of type application/json cannot be raw either, because the server would interpret the
 * body as a JSON request.
 */
function canBeRaw({ contentType, tags, attributes }: OutgoingMessage): boolean {
  return (
    !/^\s*application\/json\s*(?:;|$)/i.test(contentType) &&
    Object.keys(attributes).length === 0 &&
    !tags.some((tag) => tag.includes(","))
  );
}

function rawQuery({ tags, type, orderingKey, delayMs }: OutgoingMessage): string {
  const query = new URLSearchParams(tags.map((tag) => ["tags", tag]));
  if (type !== null) query.set("type", type);
  if (orderingKey !== null) query.set("orderingKey", orderingKey);
  if (delayMs > 0) query.set("delayMs", String(delayMs));
  return query.size === 0 ? "" : `?${query.toString()}`;
}

/** Returns the JSON form of a publish request. The message's body is in base64, which preserves all bytes. */
function jsonForm({ body, contentType, tags, type, orderingKey, attributes, delayMs }: OutgoingMessage): string {
  return JSON.stringify({
    bodyBase64: Buffer.from(body).toString("base64"),
    contentType,
    tags,
    ...(type === null ? {} : { type }),
    ...(orderingKey === null ? {} : { orderingKey }),
    attributes,
    delayMs,
  });
}
