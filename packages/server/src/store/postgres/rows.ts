import type { AttemptVerdict, Message, TopicId } from "../../domain/model.ts";

/** Stored as the index; append only. */
export const attemptVerdictCodes: readonly AttemptVerdict[] = ["accepted", "failed", "error"];

/** The message's columns, from `message` or from `dead_letter`. */
export interface MessageRow {
  readonly seq: number;
  readonly published_at: number;
  readonly deliver_at: number | null;
  readonly content_type: string | null;
  readonly tags: readonly string[] | null;
  readonly type: string | null;
  readonly ordering_key: string | null;
  readonly attributes: string | null;
  readonly body: Uint8Array;
}

export const messageColumns = "seq, published_at, deliver_at, content_type, tags, type, ordering_key, attributes, body";

const noTags: readonly string[] = [];
const noAttributes: Readonly<Record<string, string>> = {};

export function toMessage(topicId: TopicId, row: MessageRow): Message {
  return {
    topicId,
    seq: row.seq,
    publishedAtMs: row.published_at,
    deliverAtMs: row.deliver_at,
    contentType: row.content_type,
    tags: row.tags ?? noTags,
    type: row.type,
    orderingKey: row.ordering_key,
    attributes: row.attributes === null ? noAttributes : (JSON.parse(row.attributes) as Record<string, string>),
    body: row.body,
  };
}
