import type { DatabaseSync } from "node:sqlite";
import type { Seq, SubscriptionId } from "../../../domain/model.ts";
import { all, get, run } from "../statements.ts";
import { removeDeadLetter } from "./dead-letter-rows.ts";

/** Returns the position of the first of the last `count` parked deliveries in a range; null: there are fewer. */
export function findParkedFromEnd(
  db: DatabaseSync,
  input: {
    readonly subscriptionId: SubscriptionId;
    readonly fromSeq: Seq;
    /** The end of the range, exclusive. */
    readonly endSeq: Seq;
    readonly count: number;
  },
): Seq | null {
  const { subscriptionId, fromSeq, endSeq, count } = input;
  const found = `SELECT seq FROM parked WHERE subscription_id = ? AND seq >= ? AND seq < ?
    ORDER BY seq DESC LIMIT 1 OFFSET ?`;
  return get<{ seq: Seq }>(db, found, subscriptionId, fromSeq, endSeq, count - 1)?.seq ?? null;
}

/**
 * Moves the cursor back. Removes parked deliveries from `fromSeq` on, and the dead letters that were being redriven.
 */
export function rewind(
  db: DatabaseSync,
  input: {
    readonly subscriptionId: SubscriptionId;
    readonly fromSeq: Seq;
    readonly settledThrough: Seq;
    readonly ahead: Uint8Array | null;
  },
): readonly { readonly seq: Seq; readonly orderingKey: string | null }[] {
  const { subscriptionId, fromSeq, settledThrough, ahead } = input;
  const moveBack = "UPDATE cursor SET settled_through = ?, ahead = ? WHERE subscription_id = ?";
  run(db, moveBack, settledThrough, ahead, subscriptionId);
  const unpark = `DELETE FROM parked WHERE subscription_id = ? AND seq >= ?
    RETURNING seq, ordering_key AS orderingKey, dead_letter_id AS deadLetterId`;
  const gone = all<{ seq: Seq; orderingKey: string | null; deadLetterId: number | null }>(
    db,
    unpark,
    subscriptionId,
    fromSeq,
  );
  for (const { deadLetterId } of gone) removeDeadLetter(db, deadLetterId);
  return gone;
}
