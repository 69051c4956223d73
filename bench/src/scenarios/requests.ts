import type { ClosedLoop, Target } from "../load/commands.ts";
import { TIMESTAMP_CHARS } from "../receiver/ledger.ts";
import type { Settings } from "../settings.ts";

const JSON_HEADERS = ["content-type", "application/json"];
/** Letters of all kinds, so that nothing about the body is special. */
const FILLING = "The quick brown fox jumps over the lazy dog, 0123456789 times. ";

export function text(bytes: number): string {
  return FILLING.repeat(Math.ceil(bytes / FILLING.length)).slice(0, bytes);
}

export function publishOne(origin: string, topic: string, bodyBytes: number): Target {
  return {
    origin,
    path: `/v1/topics/${topic}/messages`,
    headers: JSON_HEADERS,
    body: Buffer.from(JSON.stringify({ body: text(bodyBytes) })),
    okStatus: 201,
    messagesPerRequest: 1,
    readIds: true,
  };
}

export function publishBatch(origin: string, topic: string, bodyBytes: number, messages: number): Target {
  const message = { body: text(bodyBytes) };
  return {
    origin,
    path: `/v1/topics/${topic}/messages/batch`,
    headers: JSON_HEADERS,
    body: Buffer.from(JSON.stringify({ messages: Array.from({ length: messages }, () => message) })),
    okStatus: 201,
    messagesPerRequest: messages,
    readIds: true,
  };
}

/** A koipy payload whose text is so long. */
export function hookPayload(bodyBytes: number): object {
  return { message: { text: text(bodyBytes) } };
}

/** Its outcome says what the receiver's reply means: 200 without a content type is a file. */
export function callHook(origin: string, hook: string, bodyBytes: number): Target {
  return {
    origin,
    path: `/v1/hooks/${hook}/call`,
    headers: JSON_HEADERS,
    body: Buffer.from(JSON.stringify(hookPayload(bodyBytes))),
    okStatus: 200,
    messagesPerRequest: 1,
    readIds: false,
  };
}

/** As `publishOne`, with room for the time of sending at the beginning of the message. */
export function publishTimed(origin: string, topic: string, bodyBytes: number) {
  const target = publishOne(origin, topic, bodyBytes);
  const before = JSON.stringify({ body: "" }).length - 2;
  const body = Buffer.from(target.body);
  body.fill("0", before, before + TIMESTAMP_CHARS);
  return { ...target, body, timestampOffset: before };
}

/** In flight all the time, for `durationMs`. */
export function closedLoop(target: Target, settings: Settings, durationMs: number): ClosedLoop {
  return { ...target, concurrency: settings.concurrency, durationMs, requestsMax: settings.requestsMax };
}
