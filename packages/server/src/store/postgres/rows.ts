import type { Message, TopicId } from "../../domain/model.ts";
import * as rows from "../record-rows.ts";

export type MessageRow = rows.MessageRow<readonly string[]>;

export const messageColumns = "seq, published_at, deliver_at, content_type, tags, type, ordering_key, attributes, body";

export function toMessage(topicId: TopicId, row: MessageRow): Message {
  return rows.toMessage(topicId, row, row.tags);
}
