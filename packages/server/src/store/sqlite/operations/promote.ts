import type { DatabaseSync } from "node:sqlite";
import type { SubscriptionId, TimeMs } from "../../../domain/model.ts";
import { run } from "../statements.ts";

/** Makes the first parked delivery of the key due if it was held. `orderingKey` null: does nothing. */
export function promote(db: DatabaseSync, nowMs: TimeMs, id: SubscriptionId, orderingKey: string | null): void {
  if (orderingKey === null) return;
  const first = `UPDATE parked SET due_at = ?1 WHERE subscription_id = ?2 AND due_at IS NULL AND seq =
    (SELECT min(seq) FROM parked WHERE subscription_id = ?2 AND ordering_key = ?3)`;
  run(db, first, nowMs, id, orderingKey);
}
