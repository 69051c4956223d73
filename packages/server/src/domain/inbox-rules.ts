/** Rules that compare several settings of an inbox with each other. */

import { RingbackError } from "./errors.ts";
import type { InboxVerification } from "./inbox-verification.ts";
import { limits } from "./limits.ts";
import { assertName } from "./names.ts";

export type InboxAccepts = "any" | "json";

export interface InboxSettings {
  /** The topic that the inbox reads; null: the inbox has a log of its own. Cannot change after the creation. */
  readonly topic: string | null;
  readonly accept: InboxAccepts;
  /** Messages are kept only if the inbox was polled within this time; null: messages are kept until they are taken. */
  readonly whilePolledMs: number | null;
  /** null: the retention time of the topic applies. */
  readonly retentionMs: number | null;
  readonly messagesMax: number;
  readonly bodyBytesMax: number;
  /** null: a request is not verified. */
  readonly verify: InboxVerification | null;
}

/**
 * Sets the default of the retention time, which depends on whether the inbox reads a topic. Throws `RingbackError` with
 * the field that is wrong.
 */
export function withRetention<T extends InboxSettings>(settings: T): T {
  const { topic, retentionMs } = settings;
  if (topic === null) return { ...settings, retentionMs: retentionMs ?? limits.retentionMsDefault };
  assertName("topic", topic);
  if (retentionMs === null) return settings;
  throw RingbackError.at("invalid_request", "retentionMs", `must be left out: the topic "${topic}" keeps the messages`);
}

/** The last part of an inbox's unguessable path: the prefix, and letters and digits with together 190 random bits. */
export const receiveTokenPrefix = "inb_";
export const receiveTokenChars = 32;
const receiveTokenForm = new RegExp(`^${receiveTokenPrefix}[A-Za-z0-9]{${receiveTokenChars}}$`);

/** True for a text that can only be such a token, and not the name of an inbox. */
export function isReceiveToken(text: string): boolean {
  return receiveTokenForm.test(text);
}

/** Throws `invalid_name`. */
export function assertInboxName(name: string): void {
  assertName("inbox", name);
  if (!isReceiveToken(name)) return;
  const fault = `must not have the form of a receivePath: "${receiveTokenPrefix}" and ${receiveTokenChars} letters and digits`;
  throw RingbackError.at("invalid_name", "inbox", fault);
}

/** Throws `immutable_field` if a change would give the inbox another topic. */
export function assertTopicStays(before: string | null, after: string | null): void {
  if (before === after) return;
  const fault = before === null ? "is not set" : `is "${before}"`;
  throw RingbackError.at("immutable_field", "topic", `${fault} and cannot be changed`);
}
