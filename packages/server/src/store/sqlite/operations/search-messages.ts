import type { DatabaseSync } from "node:sqlite";
import { messageIdToBigInt } from "../../../domain/message-id.ts";
import type { AttemptVerdict, DeadReason, Seq, SubscriptionId, TimeMs } from "../../../domain/model.ts";
import { messagePredicate, type ListedMessage, type MessageScan } from "../../message-search.ts";
import { toListedMessage, verdictCodes, type ListedMessageRow } from "../../record-rows.ts";
import { SEQ_MASK_SQL } from "../rows.ts";
import { all, get } from "../statements.ts";

/** The rows that decide the state of a delivery. */
export interface StateRows {
  readonly parked: { readonly dueAtMs: TimeMs | null } | null;
  readonly dead: DeadReason | null;
  readonly lastVerdict: AttemptVerdict | null;
}

export interface FoundListedMessage {
  readonly message: Omit<ListedMessage, "state">;
  /** null: the filter names no subscription. */
  readonly rows: StateRows | null;
}

export interface FoundMessages {
  /** The positions that were examined, newest first; null: all of the log. */
  readonly seqs: readonly Seq[] | null;
  /** Of the messages at these positions, those that match, whatever their states. */
  readonly found: readonly FoundListedMessage[];
}

const columns = `id & ${SEQ_MASK_SQL} AS seq, published_at, deliver_at, content_type, tags, type, ordering_key, attributes,
  length(body) AS bodyBytes`;

export const messageQueries = {
  log: `SELECT ${columns} FROM message WHERE id BETWEEN ? AND ? ORDER BY id DESC`,
  one: `SELECT ${columns} FROM message WHERE id = ?`,
  parked: "SELECT seq FROM parked WHERE subscription_id = ? AND seq BETWEEN ? AND ? ORDER BY seq DESC LIMIT ?",
  dead: `SELECT DISTINCT seq FROM dead_letter WHERE subscription_id = ? AND seq BETWEEN ? AND ? AND redriven_at IS NULL
    ORDER BY seq DESC LIMIT ?`,
  attempts:
    "SELECT verdict FROM attempt WHERE topic_id = ? AND seq = ? AND subscription_id = ? ORDER BY id DESC LIMIT 1",
};

/** `unwritten`: positions whose parked rows are not written yet. */
export function searchMessages(
  db: DatabaseSync,
  { scan, unwritten }: { readonly scan: MessageScan; readonly unwritten: readonly Seq[] },
): FoundMessages {
  // One transaction: between two reads, a commit could move a delivery from one table to another.
  db.exec("BEGIN");
  try {
    const seqs = scan.source === "log" ? null : candidates(db, scan, unwritten);
    const rows = seqs === null ? readRange(db, scan) : readEach(db, scan, seqs);
    const matches = messagePredicate(scan.filter);
    const messages = rows.map((row) => toListedMessage(scan.topicId, row, tagsOf(row))).filter(matches);
    return { seqs, found: messages.map((message) => ({ message, rows: readState(db, scan, message.seq) })) };
  } finally {
    db.exec("COMMIT");
  }
}

type Row = ListedMessageRow<string>;

function tagsOf({ tags }: Row): string[] | null {
  return tags === null ? null : (JSON.parse(tags) as string[]);
}

function readRange(db: DatabaseSync, { topicId, fromSeq, throughSeq, count }: MessageScan): Row[] {
  const lowest = Math.max(fromSeq, throughSeq - count + 1);
  const ends = [messageIdToBigInt(topicId, lowest), messageIdToBigInt(topicId, Math.max(0, throughSeq))];
  return all(db, messageQueries.log, ...ends);
}

function readEach(db: DatabaseSync, { topicId }: MessageScan, seqs: readonly Seq[]): Row[] {
  return seqs.flatMap((seq) => all<Row>(db, messageQueries.one, messageIdToBigInt(topicId, seq)));
}

function candidates(db: DatabaseSync, scan: MessageScan, unwritten: readonly Seq[]): readonly Seq[] {
  const { source, filter, fromSeq, throughSeq, count } = scan;
  const query = source === "parked" ? messageQueries.parked : messageQueries.dead;
  const rows = all<{ seq: Seq }>(db, query, filter.subscriptionId ?? 0, fromSeq, throughSeq, count);
  const added = source === "parked" ? unwritten.filter((seq) => seq >= fromSeq && seq <= throughSeq) : [];
  const seqs = new Set([...rows.map(({ seq }) => seq), ...added]);
  return [...seqs].toSorted((one, other) => other - one).slice(0, count);
}

function readState(db: DatabaseSync, { topicId, filter }: MessageScan, seq: Seq): StateRows | null {
  const { subscriptionId } = filter;
  if (subscriptionId === undefined) return null;
  const parked = "SELECT due_at AS dueAtMs FROM parked WHERE subscription_id = ? AND seq = ?";
  const dead = `SELECT reason FROM dead_letter WHERE subscription_id = ? AND seq = ? AND redriven_at IS NULL
    ORDER BY id DESC LIMIT 1`;
  const last = get<{ verdict: number }>(db, messageQueries.attempts, topicId, seq, subscriptionId);
  return {
    parked: one<{ dueAtMs: TimeMs | null }>(db, parked, subscriptionId, seq),
    dead: one<{ reason: DeadReason }>(db, dead, subscriptionId, seq)?.reason ?? null,
    lastVerdict: last === undefined ? null : (verdictCodes[last.verdict] as AttemptVerdict),
  };
}

// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- only the caller knows the columns.
function one<T>(db: DatabaseSync, sql: string, subscriptionId: SubscriptionId, seq: Seq): T | null {
  return get<T>(db, sql, subscriptionId, seq) ?? null;
}
