import type { DatabaseSync } from "node:sqlite";
import { messageIdToBigInt } from "../../../domain/message-id.ts";
import type { Message, Seq, TimeMs, TopicId } from "../../../domain/model.ts";
import { messageColumns, toMessage, type MessageRow } from "../rows.ts";
import { single, statement } from "../statements.ts";

/** Reads messages from `fromSeq` on, oldest first, until a bound is reached. Reads at least one if there is any. */
export function readLog(
  db: DatabaseSync,
  input: {
    readonly topicId: TopicId;
    readonly fromSeq: Seq;
    readonly throughSeq: Seq;
    readonly messagesMax: number;
    readonly bytesMax: number;
  },
): Message[] {
  const log = statement(db, `SELECT ${messageColumns} FROM message WHERE id >= ? AND id <= ? ORDER BY id LIMIT ?`);
  const { topicId, fromSeq, throughSeq, messagesMax, bytesMax } = input;
  const rows = log.iterate(messageIdToBigInt(topicId, fromSeq), messageIdToBigInt(topicId, throughSeq), messagesMax);
  const messages: Message[] = [];
  let bytes = 0;
  for (const row of rows as Iterable<unknown> as Iterable<MessageRow>) {
    messages.push(toMessage(topicId, row));
    bytes += row.body.byteLength;
    if (bytes >= bytesMax) break;
  }
  return messages;
}

/** Finds the first position published at or after a time by a binary search: times never decrease within a log. */
export function findSeqAt(
  db: DatabaseSync,
  input: { readonly topicId: TopicId; readonly firstSeq: Seq; readonly lastSeq: Seq; readonly atMs: TimeMs },
): Seq {
  const at = statement(db, "SELECT published_at FROM message WHERE id = ?");
  let low = input.firstSeq;
  let high = input.lastSeq + 1;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const row = at.get(messageIdToBigInt(input.topicId, middle)) as { published_at: number } | undefined;
    if (row === undefined || row.published_at < input.atMs) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Sums the sizes of bodies, which are in the rows' headers, so that no body is read. */
export function readBodyBytes(
  db: DatabaseSync,
  { topicId, fromSeq, toSeq }: { readonly topicId: TopicId; readonly fromSeq: Seq; readonly toSeq: Seq },
): number {
  const sum = "SELECT coalesce(sum(length(body)), 0) AS bytes FROM message WHERE id >= ? AND id <= ?";
  return single<{ bytes: number }>(db, sum, messageIdToBigInt(topicId, fromSeq), messageIdToBigInt(topicId, toSeq))
    .bytes;
}

/** Reads when each of the messages was published; null: the log does not have it. */
export function readPublishedAt(
  db: DatabaseSync,
  positions: readonly { readonly topicId: TopicId; readonly seq: Seq }[],
): (TimeMs | null)[] {
  const find = statement(db, "SELECT published_at AS atMs FROM message WHERE id = ?");
  return positions.map(({ topicId, seq }) => {
    const row = find.get(messageIdToBigInt(topicId, seq)) as { atMs: TimeMs } | undefined;
    return row?.atMs ?? null;
  });
}
