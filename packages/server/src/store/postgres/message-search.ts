import { optionalToWall } from "../../domain/clock-rules.ts";
import { RingbackError } from "../../domain/errors.ts";
import { compileFilter } from "../../domain/filter.ts";
import type { Message, Seq, Subscription, TopicId } from "../../domain/model.ts";
import { deliveryState, type DeliveryFacts } from "../delivery-state.ts";
import { labelText } from "../label.ts";
import {
  examinedPositions,
  examinedSeqs,
  messagePredicate,
  messagesExaminedMax,
  messageSource,
  throughSeqOf,
} from "../message-search.ts";
import type { ListedMessage, MessageScan } from "../message-search.ts";
import type { PageRequest } from "../page.ts";
import type { MessageFilter } from "../record-filters.ts";
import { toListedMessage, verdictCodes, type ListedMessageRow } from "../record-rows.ts";
import { searchPage, type Examined, type SearchPage } from "../search.ts";
import type { ConnectionPool } from "./database.ts";
import { deliveryFacts } from "./message-records.ts";
import { routePattern } from "./route-patterns.ts";
import type { StoreContext } from "./store-context.ts";
import { findSeqAt, readLogRange, readSubscription, readSubscriptionIds } from "./subscriptions.ts";

interface Row extends ListedMessageRow<readonly string[]>, Pick<DeliveryFacts, "isOpen" | "isParked" | "isSettled"> {
  readonly reason: string | null;
  readonly verdict: number | null;
}

type Read = readonly Examined<ListedMessage>[];

export async function listMessages(
  context: StoreContext,
  id: TopicId,
  page: PageRequest,
  filter: MessageFilter = {},
): Promise<SearchPage<ListedMessage>> {
  const pool = context.database.rest;
  const log = await readLogRange(pool, id);
  if (log === null) throw new RingbackError("topic_not_found");
  const { fromMs, toMs, subscriptionId } = filter;
  const subscription = subscriptionId === undefined ? null : await readSubscription(pool, subscriptionId);
  if (subscription !== null && subscription.topicId !== id) throw new RingbackError("subscription_not_found");
  const fromSeq = fromMs === undefined ? log.firstSeq : await findSeqAt(pool, id, fromMs);
  const lastSeq = toMs === undefined ? log.lastSeq : (await findSeqAt(pool, id, toMs)) - 1;
  const subscriptions = subscription === null ? [] : await readSubscriptionIds(context, id);
  const read = (after: string | null, count: number): Promise<Read> => {
    const throughSeq = throughSeqOf(after, lastSeq);
    const scan = { topicId: id, source: messageSource(filter), fromSeq, throughSeq, count, filter };
    return readExamined(context, scan, subscription);
  };
  return searchPage(page, read, messagesExaminedMax(filter, subscriptions.length));
}

async function readExamined(
  context: StoreContext,
  scan: MessageScan,
  subscription: Subscription | null,
): Promise<Read> {
  const { state } = scan.filter;
  const seqs = scan.source === "log" ? null : await readCandidates(context.database.rest, scan);
  const rows = await readMessages(context, scan, seqs);
  const isDelivered = subscription === null ? null : compileFilter(subscription.settings.filter);
  const matches = messagePredicate(scan.filter);
  const found = rows
    .map((row) => toItem(context, scan.topicId, row, isDelivered))
    .filter((message) => matches(message) && (state === undefined || message.state === state));
  if (seqs === null) return examinedPositions(scan, found);
  return examinedSeqs(seqs, new Map(found.map((message) => [message.seq, message])));
}

function toItem(
  { times }: StoreContext,
  topicId: TopicId,
  row: Row,
  isDelivered: ((message: Pick<Message, "tags" | "type">) => boolean) | null,
): ListedMessage {
  const message = toListedMessage(topicId, row, row.tags);
  const shown = { ...message, deliverAtMs: optionalToWall(times, message.deliverAtMs) };
  if (isDelivered === null) return { ...shown, state: null };
  const verdict = row.verdict === null ? null : verdictCodes[row.verdict];
  const state = deliveryState({
    ...row,
    hasDeadLetter: row.reason !== null,
    attempts: verdict === null || verdict === undefined ? [] : [{ verdict }],
    matches: () => isDelivered(message),
  });
  return { ...shown, state };
}

/** Reads the next positions of the subscription's parked deliveries or dead letters. */
async function readCandidates(pool: ConnectionPool, scan: MessageScan): Promise<readonly Seq[]> {
  const { source, filter, fromSeq, throughSeq, count } = scan;
  const rows = await pool.query<{ seq: Seq }>(
    candidateQueries[source === "parked" ? "parked" : "dead"],
    [filter.subscriptionId, fromSeq, throughSeq, count],
    `${source}_positions`,
  );
  return rows.map(({ seq }) => seq);
}

function readMessages(
  { database, times }: StoreContext,
  scan: MessageScan,
  seqs: readonly Seq[] | null,
): Promise<readonly Row[]> {
  const { topicId, fromSeq, throughSeq, count, filter } = scan;
  const { type, tag, attribute, subscriptionId } = filter;
  const where = seqs === null ? [Math.max(fromSeq, throughSeq - count + 1), throughSeq] : [seqs, null];
  const conditions = [
    tag ?? null,
    type === undefined ? null : routePattern(type),
    attribute === undefined ? null : labelText(attribute),
  ];
  const delivery = subscriptionId === undefined ? [] : [subscriptionId, times.at()];
  const kind = `${seqs === null ? "range" : "each"}_${subscriptionId === undefined ? "log" : "deliveries"}` as const;
  const values = [topicId, ...where, ...conditions, ...delivery];
  return database.rest.query<Row>(messageQueries[kind], values, `messages_${kind}`);
}

const columns = `m.seq, m.published_at, m.deliver_at, m.content_type, m.tags, m.type, m.ordering_key, m.attributes,
  octet_length(m.body) AS "bodyBytes"`;
/** The text of an attribute can also be part of another one, so `messagePredicate` checks the attributes again. */
const conditions = `($4::text IS NULL OR coalesce($4 = ANY (m.tags), false))
  AND ($5::text IS NULL OR coalesce(CASE m.type WHEN '' THEN '' ELSE '.' || m.type END ~ $5, false))
  AND ($6::text IS NULL OR coalesce(position($6 in m.attributes) > 0, false))`;
/** OFFSET keeps the planner from reading partitions that have none of the messages. */
const range = `SELECT x.* FROM (
    SELECT partition_id, first_seq, lead(first_seq, 1, $3::bigint + 1) OVER (ORDER BY first_seq) AS next_seq
    FROM ringback.segment WHERE topic_id = $1::bigint AND first_seq <= $3::bigint
  ) s CROSS JOIN LATERAL (
    SELECT ${columns} FROM ringback.message m WHERE m.partition_id = s.partition_id AND m.topic_id = $1::bigint
      AND m.seq >= greatest(s.first_seq, $2::bigint) AND m.seq < s.next_seq AND ${conditions} OFFSET 0
  ) x WHERE s.next_seq > $2::bigint`;
const each = `SELECT ${columns} FROM unnest($2::bigint[]) AS wanted (seq)
  CROSS JOIN LATERAL ringback.message_at($1::bigint, wanted.seq) m WHERE $3::bigint IS NULL AND ${conditions}`;

const facts = deliveryFacts("m.seq", "$8::bigint[]");
/** An aggregate reads the last verdict, so that the planner does not search for it by the ids of all attempts. */
const withFacts = (messages: string): string => `SELECT m.*, ${facts.columns},
    CASE WHEN p.seq IS NULL AND NOT coalesce(o.is_open, false) THEN (
      SELECT (array_agg(a.verdict ORDER BY a.id DESC))[1] FROM ringback.attempt a
      WHERE a.topic_id = $1::bigint AND a.seq = m.seq AND a.subscription_id = $7::bigint) END AS verdict
  FROM (${messages}) m JOIN ringback.subscription_cursor c ON c.subscription_id = $7::bigint ${facts.joins}`;

export const messageQueries = {
  range_log: range,
  each_log: each,
  range_deliveries: withFacts(range),
  each_deliveries: withFacts(each),
};

const positions = "subscription_id = $1 AND seq BETWEEN $2 AND $3";
export const candidateQueries = {
  parked: `SELECT seq FROM ringback.parked WHERE ${positions} ORDER BY seq DESC LIMIT $4`,
  dead: `SELECT DISTINCT seq FROM ringback.dead_letter WHERE ${positions} AND redriven_at IS NULL
    ORDER BY seq DESC LIMIT $4`,
};
