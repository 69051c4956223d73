import type { DatabaseSync } from "node:sqlite";
import type { Seq, SubscriptionId } from "../../../domain/model.ts";
import { statement } from "../statements.ts";

/** Parked deliveries from `fromSeq` on go, with the dead letters of those that were being redriven; the cursor goes back. */
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
