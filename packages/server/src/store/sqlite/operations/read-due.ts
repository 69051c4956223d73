import type { DatabaseSync } from "node:sqlite";
import { messageIdToBigInt } from "../../../domain/message-id.ts";
import type { Message, Seq, TimeMs, TopicId } from "../../../domain/model.ts";
import type { ClaimWant } from "../../log.ts";
import { apartMember } from "../../record-rows.ts";
import { messageColumns, toMessage, type MessageRow } from "../rows.ts";
import { all, get, single } from "../statements.ts";
import type { DeliveryCounts, UnparkRow } from "./settle.ts";

export interface DueDelivery extends DeliveryCounts, Pick<UnparkRow, "seq" | "orderingKey" | "deadLetterId"> {
  /** null: neither the log nor a dead letter has the message any more. */
  readonly message: Message | null;
}

export interface DueDeliveries {
  readonly due: readonly DueDelivery[];
  /** A bound was reached: other deliveries may be due as well. */
  readonly more: boolean;
  /** The earliest time after `nowMs` at which another delivery is due. */
  readonly nextDueAtMs: TimeMs | null;
  /** Whether the subscription has copies that are sent apart from its order. */
  readonly hasApart: boolean;
}

export interface DueInput extends Omit<ClaimWant, "fromLog"> {
  readonly topicId: TopicId;
  readonly nowMs: TimeMs;
  /** False: the subscription has no copies apart from its order, so that the read need not look for them. */
  readonly mayHaveApart: boolean;
  /** The number of copies apart from the order that come before all other deliveries. */
  readonly apartFirst: number;
  /** The most copies apart from the order. */
  readonly apartMax: number;
  /** The most deliveries that take part in the order. */
  readonly orderedMax: number;
  /** Positions that are open in a claim. */
  readonly skip: readonly Seq[];
}

type DueRow = Omit<DueDelivery, "message"> & { readonly apart: number };

const columns = `seq, attempts AS attemptsMade, retries AS retriesMade, first_attempt_at AS firstAttemptAtMs,
  ordering_key AS orderingKey, dead_letter_id AS deadLetterId, apart`;

/**
 * Reads parked deliveries that are due, the longest overdue first. A delivery that is not the first parked delivery of
 * its ordering key is never returned, even when its own time has come.
 */
export function readDue(db: DatabaseSync, input: DueInput): DueDeliveries {
  const { topicId, subscriptionId, nowMs, deliveriesMax, bytesMax } = input;
  const skip = new Set(input.skip);
  const anyApart = "SELECT 1 FROM parked WHERE subscription_id = ? AND apart = 1 LIMIT 1";
  const hasApart = input.mayHaveApart && get(db, anyApart, subscriptionId) !== undefined;
  const apart = hasApart ? readApart(db, input, skip) : [];
  const ordered = readOrdered(db, input, skip);
  const due: DueDelivery[] = [];
  let bytes = 0;
  let more = apart.length > input.apartMax || ordered.length > input.orderedMax;
  const { apartFirst, apartMax, orderedMax } = input;
  const inOrder = [
    ...apart.slice(0, apartFirst),
    ...ordered.slice(0, orderedMax),
    ...apart.slice(apartFirst, apartMax),
  ];
  for (const row of inOrder) {
    if (due.length === deliveriesMax || bytes >= bytesMax) {
      more = true;
      break;
    }
    const message = readMessage(db, topicId, row.seq, row.deadLetterId);
    bytes += message?.body.byteLength ?? 0;
    due.push({ ...row, ...apartMember(row.apart === 1), message });
  }
  const next = "SELECT min(due_at) AS dueAtMs FROM parked WHERE subscription_id = ? AND due_at > ?";
  const { dueAtMs } = single<{ dueAtMs: number | null }>(db, next, subscriptionId, nowMs);
  return { due, more, nextDueAtMs: dueAtMs, hasApart };
}

/** Returns at most one delivery more than may be taken. */
function readOrdered(db: DatabaseSync, input: DueInput, skip: ReadonlySet<Seq>): readonly DueRow[] {
  const { subscriptionId, nowMs, orderedMax } = input;
  const parked = `SELECT ${columns} FROM parked WHERE subscription_id = ? AND due_at <= ? AND apart = 0 AND NOT EXISTS (
      SELECT 1 FROM parked AS earlier WHERE earlier.subscription_id = parked.subscription_id
        AND earlier.ordering_key = parked.ordering_key AND earlier.seq < parked.seq)
    ORDER BY due_at, seq LIMIT ?`;
  const rows = all<DueRow>(db, parked, subscriptionId, nowMs, orderedMax + skip.size + 1);
  return rows.filter(({ seq }) => !skip.has(seq)).slice(0, orderedMax + 1);
}

function readApart(db: DatabaseSync, input: DueInput, skip: ReadonlySet<Seq>): readonly DueRow[] {
  const { subscriptionId, nowMs, apartMax } = input;
  const parked = `SELECT ${columns} FROM parked INDEXED BY parked_apart
    WHERE subscription_id = ? AND due_at <= ? AND apart = 1 ORDER BY due_at, seq LIMIT ?`;
  const rows = all<DueRow>(db, parked, subscriptionId, nowMs, apartMax + skip.size + 1);
  return rows.filter(({ seq }) => !skip.has(seq)).slice(0, apartMax + 1);
}

/** Reads the message from the dead letter that is being redriven, if there is one; otherwise from the log. */
function readMessage(db: DatabaseSync, topicId: TopicId, seq: Seq, deadLetterId: number | null): Message | null {
  const row =
    deadLetterId === null
      ? get<MessageRow>(db, `SELECT ${messageColumns} FROM message WHERE id = ?`, messageIdToBigInt(topicId, seq))
      : get<MessageRow>(db, "SELECT * FROM dead_letter WHERE id = ?", deadLetterId);
  return row === undefined ? null : toMessage(topicId, row);
}
