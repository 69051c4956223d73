/** From an inbox as somebody writes it to the settings that the engine works with. */

import { RingbackError } from "./errors.ts";
import { assertInteger } from "./integer-rule.ts";
import { limits } from "./limits.ts";
import { assertName } from "./names.ts";

export type InboxAccepts = "any" | "json";

export interface InboxSettings {
  /** null: it has a log of its own. Fixed when the inbox is made. */
  readonly topic: string | null;
  readonly accept: InboxAccepts;
  /** It keeps only while somebody has polled within this time; null: until a message is taken. */
  readonly whilePolledMs: number | null;
  /** null: the topic's. */
  readonly retentionMs: number | null;
  readonly messagesMax: number;
  readonly bodyBytesMax: number;
}

/** Its types have been checked already; its values have not. */
export type InboxInput = Partial<InboxSettings>;

/** Fills in what was left out. Throws `RingbackError` with the field that is wrong. */
export function normaliseInbox(input: InboxInput): InboxSettings {
  const {
    topic = null,
    accept = "any",
    whilePolledMs = null,
    messagesMax = limits.inboxMessagesDefault,
    bodyBytesMax = limits.bodyBytesMax,
  } = input;
  if (topic !== null) assertName("topic", topic);
  if (whilePolledMs !== null) {
    assertInteger("invalid_request", "whilePolledMs", whilePolledMs, limits.whilePolledMsMin, limits.whilePolledMsMax);
  }
  assertInteger("invalid_request", "messagesMax", messagesMax, 1, limits.inboxMessagesMax);
  assertInteger("invalid_request", "bodyBytesMax", bodyBytesMax, limits.topicBodyBytesMin, limits.bodyBytesMax);
  return { topic, accept, whilePolledMs, retentionMs: retentionOf(input, topic), messagesMax, bodyBytesMax };
}

function retentionOf({ retentionMs = null }: InboxInput, topic: string | null): number | null {
  if (topic === null) {
    const ownMs = retentionMs ?? limits.retentionMsDefault;
    assertInteger("invalid_request", "retentionMs", ownMs, limits.retentionMsMin, limits.retentionMsMax);
    return ownMs;
  }
  if (retentionMs === null) return null;
  throw RingbackError.at(
    "invalid_request",
    "retentionMs",
    `is for the topic "${topic}" to say, which keeps the messages`,
  );
}
