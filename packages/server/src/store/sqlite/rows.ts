import type { Message, TopicId } from "../../domain/model.ts";
import * as rows from "../record-rows.ts";

/** Tags are stored as JSON. */
export type MessageRow = rows.MessageRow<string>;

/** The 40 low bits of a message id. */
export const SEQ_MASK_SQL = "1099511627775";

/** SQL for `messageIdToBigInt`. */
export const messageIdSql = (topicId: string, seq: string): string =>
  `((${rows.topicNumberSql(topicId)} << 40) + ${seq})`;

export const messageColumns = `id & ${SEQ_MASK_SQL} AS seq, published_at, deliver_at, content_type, tags, type,
  ordering_key, attributes, request, body`;

export function toMessage(topicId: TopicId, row: MessageRow): Message {
  return rows.toMessage(topicId, row, row.tags === null ? null : (JSON.parse(row.tags) as string[]));
}
