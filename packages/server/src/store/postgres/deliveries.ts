import type { AccountId, MessageId, Seq, SubscriptionId, TimeMs, TopicId } from "../../domain/model.ts";
import { parseMessageId } from "../../domain/message-id.ts";
import { deliveryStore, type DeliveryStore, type RetryOutcome } from "../deliveries.ts";
import { topicNumberSql } from "../record-rows.ts";
import type { RecordStore } from "../records.ts";
import { call, type Connection } from "./connection.ts";
import type { StoreContext } from "./store-context.ts";

/** A delivery whose cursor is locked. */
interface LockedDelivery {
  readonly id: SubscriptionId;
  readonly topicId: TopicId;
  readonly seq: Seq;
  readonly isSettled: boolean;
  readonly isOpen: boolean;
  readonly isParked: boolean;
  readonly dueAtMs: TimeMs | null;
  readonly letter: number | null;
  readonly nowMs: TimeMs;
  readonly wallMs: TimeMs;
}

export function createDeliveries(context: StoreContext, records: Pick<RecordStore, "getMessage">): DeliveryStore {
  /** Changes a delivery whose cursor is locked, and then wakes the senders of its subscription. */
  const changing = async <T>(
    accountId: AccountId,
    id: MessageId,
    name: string,
    change: (connection: Connection, delivery: LockedDelivery) => Promise<T>,
  ): Promise<T | null> => {
    const result = await context.database.rest.transaction(async (connection) => {
      const delivery = await lock(connection, context, { accountId, id, name });
      return delivery && { id: delivery.id, outcome: await change(connection, delivery) };
    });
    if (result !== null) context.ready([result.id]);
    return result && result.outcome;
  };

  return deliveryStore(records, {
    retry: (...delivery) => changing(...delivery, retry),
    cancel: (...delivery) => changing(...delivery, cancel),
  });
}

async function lock(
  connection: Connection,
  { times }: StoreContext,
  { accountId, id, name }: { readonly accountId: AccountId; readonly id: MessageId; readonly name: string },
): Promise<LockedDelivery | null> {
  const position = parseMessageId(id);
  if (position === null) return null;
  const { number, seq } = position;
  const [locked] = await connection.query<{ id: SubscriptionId }>(
    `SELECT c.subscription_id AS id FROM ringback.topic t
       JOIN ringback.subscription s ON s.topic_id = t.id AND s.name = $3
       JOIN ringback.subscription_cursor c ON c.subscription_id = s.id
     WHERE ${topicNumberSql("t.id")} = $1 AND t.account_id = $2 FOR UPDATE OF c`,
    [number, accountId, name],
  );
  const [found] = await connection.query<LockedDelivery>(
    `SELECT c.subscription_id AS id, c.topic_id AS "topicId", $2::bigint AS seq,
       $2 <= c.scanned_through AND $2 <> ALL (c.returned_seqs) AS "isSettled",
       EXISTS (SELECT 1 FROM ringback.claim l
         WHERE l.subscription_id = $1 AND ($2 = ANY (l.seqs) OR $2 = ANY (l.parked))) AS "isOpen",
       p.seq IS NOT NULL AS "isParked", p.due_at AS "dueAtMs", ringback.listed_letter($1, $2) AS letter,
       coalesce(($3::bigint[])[1], ringback.steady_ms()) AS "nowMs",
       coalesce(($3::bigint[])[2], ringback.now_ms()) AS "wallMs"
     FROM ringback.subscription_cursor c
     LEFT JOIN ringback.parked p ON p.subscription_id = c.subscription_id AND p.seq = $2
     WHERE c.subscription_id = $1`,
    [locked?.id ?? null, seq, times.at()],
    "lock_delivery",
  );
  return found ?? null;
}

async function retry(connection: Connection, delivery: LockedDelivery): Promise<RetryOutcome> {
  const { id, topicId, seq, isOpen, isSettled, isParked, dueAtMs, letter, nowMs, wallMs } = delivery;
  if (isOpen) return "in_flight";
  if (isParked) {
    if (dueAtMs === null) return "held";
    await connection.query(
      "UPDATE ringback.parked SET due_at = least(due_at, $3) WHERE subscription_id = $1 AND seq = $2",
      [id, seq, nowMs],
    );
    return "retried";
  }
  if (!isSettled) return "pending";
  await call(connection, "park_copies", [null, id, topicId, letter === null, wallMs, [seq], [nowMs], [letter]]);
  return letter === null ? "copied" : "redriven";
}

async function cancel(
  connection: Connection,
  { id, topicId, seq, isOpen, isParked, nowMs, wallMs }: LockedDelivery,
): Promise<"cancelled" | "in_flight" | null> {
  if (isOpen) return "in_flight";
  if (!isParked) return null;
  await call(connection, "cancel_parked", [id, topicId, seq, nowMs, wallMs]);
  return "cancelled";
}
