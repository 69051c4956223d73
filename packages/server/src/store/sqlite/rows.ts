import type { Message, TopicId } from "../../domain/model.ts";

/** The message columns as `messageColumns` selects them, from `message` or from `dead_letter`. */
export interface MessageRow {
  readonly seq: number;
  readonly published_at: number;
  readonly deliver_at: number | null;
  readonly content_type: string | null;
  readonly tags: string | null;
  readonly type: string | null;
  readonly ordering_key: string | null;
  readonly attributes: string | null;
  readonly body: Uint8Array;
}

/** The 40 low bits of a message id. */
export const SEQ_MASK_SQL = "1099511627775";

export const messageColumns = `id & ${SEQ_MASK_SQL} AS seq, published_at, deliver_at, content_type, tags, type,
  ordering_key, attributes, body`;

const noTags: readonly string[] = [];
const noAttributes: Readonly<Record<string, string>> = {};

export function toMessage(topicId: TopicId, row: MessageRow): Message {
  return {
    topicId,
    seq: row.seq,
    publishedAtMs: row.published_at,
    deliverAtMs: row.deliver_at,
    contentType: row.content_type,
    tags: row.tags === null ? noTags : (JSON.parse(row.tags) as string[]),
    type: row.type,
    orderingKey: row.ordering_key,
    attributes: row.attributes === null ? noAttributes : (JSON.parse(row.attributes) as Record<string, string>),
    body: row.body,
  };
}
