import type { DatabaseSync } from "node:sqlite";
import { limits } from "../../../domain/limits.ts";
import type { Seq, SubscriptionId } from "../../../domain/model.ts";
import { all, get, run } from "../statements.ts";
import { removeDeadLetter } from "./dead-letter-rows.ts";
import type { UnparkRow } from "./settle.ts";

interface RewoundPart {
  readonly subscriptionId: SubscriptionId;
  readonly fromSeq: Seq;
}

/**
 * Returns the position of the first of the last `limits.rewoundPerCommitMax` parked deliveries from `fromSeq` on and
 * before `endSeq`; null: there are fewer.
 */
export function findParkedFromEnd(
  db: DatabaseSync,
  { subscriptionId, fromSeq, endSeq }: RewoundPart & { readonly endSeq: Seq },
): Seq | null {
  const found = `SELECT seq FROM parked WHERE subscription_id = ? AND seq >= ? AND seq < ?
    ORDER BY seq DESC LIMIT 1 OFFSET ?`;
  return get<{ seq: Seq }>(db, found, subscriptionId, fromSeq, endSeq, limits.rewoundPerCommitMax - 1)?.seq ?? null;
}

/**
 * Moves the cursor back. Removes parked deliveries from `fromSeq` on, and the dead letters that were being redriven.
 */
export function rewind(
  db: DatabaseSync,
  input: RewoundPart & { readonly settledThrough: Seq; readonly ahead: Uint8Array | null },
): readonly Pick<UnparkRow, "seq" | "orderingKey">[] {
  const { subscriptionId, fromSeq, settledThrough, ahead } = input;
  const moveBack = "UPDATE cursor SET settled_through = ?, ahead = ? WHERE subscription_id = ?";
  run(db, moveBack, settledThrough, ahead, subscriptionId);
  const unpark = `DELETE FROM parked WHERE subscription_id = ? AND seq >= ?
    RETURNING seq, ordering_key AS orderingKey, dead_letter_id AS deadLetterId`;
  const gone = all<Pick<UnparkRow, "seq" | "orderingKey" | "deadLetterId">>(db, unpark, subscriptionId, fromSeq);
  for (const { deadLetterId } of gone) removeDeadLetter(db, deadLetterId);
  return gone;
}
