import { optionalToWall, shownMessage } from "../../domain/clock-rules.ts";
import type { Clock } from "../../domain/ports.ts";
import { compileFilter } from "../../domain/filter.ts";
import { RingbackError } from "../../domain/errors.ts";
import { parseMessageId, type MessagePosition } from "../../domain/message-id.ts";
import type {
  AccountId,
  Attempt,
  DeadReason,
  Message,
  MessageId,
  Seq,
  SubscriptionId,
  SubscriptionSettings,
  TimeMs,
  TopicId,
} from "../../domain/model.ts";
import { deliveryState, hasWhere, type DeliveryFacts } from "../delivery-state.ts";
import { attemptsBySubscription, toOrigin, topicNumberSql, type AttemptRow, type OriginRow } from "../record-rows.ts";
import type { DeliveryRecord, LogPart, MessageOrigin, MessageRecord } from "../records.ts";
import { postgresLimits } from "./postgres-limits.ts";
import { toMessage, type MessageRow } from "./columns.ts";
import type { Connection } from "./connection.ts";
import type { ConnectionPool } from "./database.ts";
import type { StoreContext } from "./store-context.ts";
import type { Times } from "./times.ts";

interface TopicOfMessage extends MessageRow {
  readonly topic_id: TopicId;
  readonly topic: string;
}

interface DeliveryRow extends Pick<DeliveryFacts, "isOpen" | "isParked" | "isSettled"> {
  readonly id: SubscriptionId;
  readonly name: string;
  readonly settings: string;
  readonly due_at: TimeMs | null;
  readonly reason: DeadReason | null;
}

/** Messages before `first_seq` have expired, although their rows stay in the partition until it is dropped. */
const oneMessage = `
  FROM ringback.topic t JOIN ringback.topic_log l ON l.topic_id = t.id AND l.first_seq <= $2::bigint
  CROSS JOIN LATERAL ringback.message_at(t.id, $2::bigint) m
  WHERE ${topicNumberSql("t.id")} = $1::bigint`;

export async function readOrigin(pool: ConnectionPool, id: MessageId): Promise<MessageOrigin | null> {
  const parsed = parseMessageId(id);
  if (parsed === null) return null;
  const values = [parsed.number, parsed.seq];
  const [row] = await pool.query<OriginRow>(`SELECT m.published_at, m.request ${oneMessage}`, values, "get_origin");
  return row === undefined ? null : toOrigin(row);
}

/**
 * Sums the sizes of bodies, without reading the bodies that are stored apart from their rows. OFFSET keeps the planner
 * from reading partitions that have none of the messages.
 */
export async function readBodyBytes(pool: ConnectionPool, id: TopicId, fromSeq: Seq, toSeq: Seq): Promise<number> {
  const [row] = await pool.query<{ bytes: number }>(
    `SELECT coalesce(sum(m.bytes), 0)::bigint AS bytes FROM (
       SELECT partition_id, first_seq, lead(first_seq, 1, $3::bigint + 1) OVER (ORDER BY first_seq) AS next_seq
       FROM ringback.segment WHERE topic_id = $1::bigint AND first_seq <= $3::bigint
     ) s CROSS JOIN LATERAL (
       SELECT octet_length(x.body) AS bytes FROM ringback.message x
       WHERE x.partition_id = s.partition_id AND x.topic_id = $1::bigint
         AND x.seq >= greatest(s.first_seq, $2::bigint) AND x.seq < s.next_seq OFFSET 0
     ) m WHERE s.next_seq > $2::bigint`,
    [id, fromSeq, toSeq],
    "body_bytes",
  );
  return (row as { bytes: number }).bytes;
}

/** Reads the messages one by one, so that each is read from the only partition that can hold it. */
export async function readMessagesAfter(
  { database, times }: StoreContext,
  id: TopicId,
  afterSeq: Seq,
  limit: number,
): Promise<LogPart> {
  const rows = await database.rest.query<MessageRow & { readonly first_seq: Seq; readonly last_seq: Seq }>(
    `SELECT l.first_seq, l.last_seq, m.* FROM ringback.topic_log l LEFT JOIN LATERAL (
       SELECT x.* FROM generate_series(greatest($2::bigint + 1, l.first_seq),
         least(l.last_seq, greatest($2::bigint, l.first_seq - 1) + $3::bigint)) AS s (seq),
         LATERAL ringback.message_at(l.topic_id, s.seq) x
     ) m ON true WHERE l.topic_id = $1 ORDER BY m.seq`,
    [id, afterSeq, limit],
    "messages_after",
  );
  const [first] = rows;
  if (first === undefined) throw new RingbackError("topic_not_found");
  const found = rows.filter(({ seq }) => seq !== null);
  const messages = found.map((row) => shownMessage(times, toMessage(id, row)));
  return { firstSeq: first.first_seq, lastSeq: first.last_seq, messages };
}

/** Reads a message with those of its deliveries and attempts whose records are still kept. */
export async function readMessageRecord(
  context: StoreContext,
  accountId: AccountId,
  id: MessageId,
): Promise<MessageRecord | null> {
  const parsed = parseMessageId(id);
  if (parsed === null) return null;
  return context.database.rest.transaction(async (connection) => {
    // One snapshot for all queries: between two of them, a settlement could move the delivery to another table.
    await connection.query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY", []);
    return readInOneSnapshot(connection, context.times, accountId, parsed);
  });
}

async function readInOneSnapshot(
  connection: Connection,
  times: Times,
  accountId: AccountId,
  { number, seq }: MessagePosition,
): Promise<MessageRecord | null> {
  const [found] = await connection.query<TopicOfMessage>(
    `SELECT m.*, t.name AS topic ${oneMessage} AND t.account_id = $3`,
    [number, seq, accountId],
    "get_message",
  );
  if (found === undefined) return null;
  const topicId = found.topic_id;
  const message = toMessage(topicId, found);
  const attempts = await connection.query<AttemptRow>(
    "SELECT * FROM ringback.attempt WHERE topic_id = $1 AND seq = $2 ORDER BY id LIMIT $3",
    [topicId, seq, postgresLimits.messageAttemptsMax],
    "message_attempts",
  );
  const bySubscription = attemptsBySubscription(attempts);
  const rows = await readDeliveries(connection, times, topicId, seq);
  return {
    message: shownMessage(times, message),
    topic: found.topic,
    deliveries: rows.map((row) => toRecord(times, row, message, bySubscription.get(row.id) ?? [])),
  };
}

/** The facts about a delivery, from which its state is derived. `c`: the cursor of the subscription. */
export const deliveryFacts = (seq: string, now: string) => ({
  columns: `p.due_at, p.seq IS NOT NULL AS "isParked", coalesce(o.is_open, false) AS "isOpen",
    ${seq} <= c.scanned_through AND ${seq} <> ALL (c.returned_seqs) AND NOT coalesce(o.is_back, false) AS "isSettled",
    (SELECT d.reason FROM ringback.dead_letter d WHERE d.subscription_id = c.subscription_id AND d.seq = ${seq}
      AND d.redriven_at IS NULL ORDER BY d.id DESC LIMIT 1) AS reason`,
  joins: `LEFT JOIN ringback.parked p ON p.subscription_id = c.subscription_id AND p.seq = ${seq}
    LEFT JOIN LATERAL (
      SELECT bool_or(l.lease_until > coalesce((${now})[1], ringback.steady_ms())) AS is_open,
        bool_or(l.lease_until <= coalesce((${now})[1], ringback.steady_ms()) AND ${seq} = ANY (l.seqs)) AS is_back
      FROM ringback.claim l
      WHERE l.subscription_id = c.subscription_id AND (${seq} = ANY (l.seqs) OR ${seq} = ANY (l.parked))
    ) o ON true`,
});

const facts = deliveryFacts("$2", "$3::bigint[]");

function readDeliveries(connection: Connection, times: Times, topicId: TopicId, seq: Seq): Promise<DeliveryRow[]> {
  return connection.query<DeliveryRow>(
    `SELECT s.id, s.name, s.settings, ${facts.columns}
     FROM ringback.subscription_cursor c
     JOIN ringback.subscription s ON s.id = c.subscription_id
     ${facts.joins}
     WHERE c.topic_id = $1::bigint AND $2::bigint IS NOT NULL AND ($3::bigint[] IS NULL OR true)
     ORDER BY s.created_at, s.name`,
    [topicId, seq, times.at()],
    "message_deliveries",
  );
}

function toRecord(clock: Clock, row: DeliveryRow, message: Message, attempts: readonly Attempt[]): DeliveryRecord {
  const { filter } = JSON.parse(row.settings) as SubscriptionSettings;
  const state = deliveryState({
    ...row,
    hasDeadLetter: row.reason !== null,
    attempts,
    matches: () => compileFilter(filter)(message),
    hasWhere: hasWhere(filter),
  });
  return {
    subscription: row.name,
    state,
    nextAttemptAtMs: state === "parked" ? optionalToWall(clock, row.due_at) : null,
    reason: state === "dead" ? row.reason : null,
    attempts,
  };
}
