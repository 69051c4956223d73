import type { DatabaseSync } from "node:sqlite";
import type { Seq, SubscriptionId } from "../../../domain/model.ts";
import { statement } from "../statements.ts";

/** The first of the last `count` parked deliveries between two positions; null: there are fewer. */
export function findParkedFromEnd(
  db: DatabaseSync,
  input: {
    readonly subscriptionId: SubscriptionId;
    readonly fromSeq: Seq;
    /** The first position that does not count. */
    readonly endSeq: Seq;
    readonly count: number;
  },
): Seq | null {
  const { subscriptionId, fromSeq, endSeq, count } = input;
  const row = statement(
    db,
    "SELECT seq FROM parked WHERE subscription_id = ? AND seq >= ? AND seq < ? ORDER BY seq DESC LIMIT 1 OFFSET ?",
  ).get(subscriptionId, fromSeq, endSeq, count - 1) as unknown as { readonly seq: Seq } | undefined;
  return row?.seq ?? null;
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
  statement(db, "UPDATE cursor SET settled_through = ?, ahead = ? WHERE subscription_id = ?").run(
    settledThrough,
    ahead,
    subscriptionId,
  );
  const gone = statement(
    db,
    "DELETE FROM parked WHERE subscription_id = ? AND seq >= ? RETURNING seq, ordering_key, dead_letter_id",
  ).all(subscriptionId, fromSeq) as unknown as {
    readonly seq: Seq;
    readonly ordering_key: string | null;
    readonly dead_letter_id: number | null;
  }[];
  const drop = statement(db, "DELETE FROM dead_letter WHERE id = ?");
  for (const { dead_letter_id } of gone) if (dead_letter_id !== null) drop.run(dead_letter_id);
  return gone.map(({ seq, ordering_key }) => ({ seq, orderingKey: ordering_key }));
}
