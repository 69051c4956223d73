import { TIMESTAMP_CHARS } from "../receiver/ledger.ts";
import type { Target } from "./target.ts";

/** A text of letters, digits and punctuation. The body should not be a special case, such as repeated bytes. */
const TEXT = "The quick brown fox jumps over the lazy dog, 0123456789 times. ";

export function text(bytes: number): string {
  return TEXT.repeat(Math.ceil(bytes / TEXT.length)).slice(0, bytes);
}

export function publishOne(origin: string, topic: string, bodyBytes: number): Target {
  return jsonPost(origin, `/v1/topics/${topic}/messages`, { body: text(bodyBytes) });
}

export function publishBatch(origin: string, topic: string, bodyBytes: number, messages: number): Target {
  const batch = { messages: Array.from({ length: messages }, () => ({ body: text(bodyBytes) })) };
  return { ...jsonPost(origin, `/v1/topics/${topic}/messages/batch`, batch), messagesPerRequest: messages };
}

/** Like `publishOne`. The message begins with space for the scheduled time. */
export function publishTimed(origin: string, topic: string, bodyBytes: number): Target & { timestampOffset: number } {
  const target = publishOne(origin, topic, bodyBytes);
  const timestampOffset = JSON.stringify({ body: "" }).length - 2;
  const body = Buffer.from(target.body);
  body.fill("0", timestampOffset, timestampOffset + TIMESTAMP_CHARS);
  return { ...target, body, timestampOffset };
}

/** A payload in koipy's dialect. */
export function hookPayload(bodyBytes: number): object {
  return { message: { text: text(bodyBytes) } };
}

export function callHook(origin: string, hook: string, bodyBytes: number): Target {
  const target = jsonPost(origin, `/v1/hooks/${hook}/call`, hookPayload(bodyBytes));
  return { ...target, okStatus: 200, readReply: false };
}

function jsonPost(origin: string, path: string, document: object): Target {
  return {
    origin,
    path,
    headers: ["content-type", "application/json"],
    body: Buffer.from(JSON.stringify(document)),
    okStatus: 201,
    messagesPerRequest: 1,
    readReply: true,
  };
}
