import type { DatabaseSync } from "node:sqlite";
import type { Seq, SubscriptionId } from "../../../domain/model.ts";
import { all, run } from "../statements.ts";
import type { Moment } from "../../../domain/ports.ts";
import { removeDeadLetter } from "./dead-letter-rows.ts";

/** The dead letters that one bounded step works on: those in `ids`, or the first `limit` up to `throughId`. */
export interface DeadLetterSelection {
  readonly subscriptionId: SubscriptionId;
  readonly ids: readonly number[] | null;
  /** Used when `ids` is null. A redriven dead letter that fails again keeps its id, so no later step takes it again. */
  readonly afterId: number;
  /** Used when `ids` is null. */
  readonly throughId: number;
  readonly limit: number;
}

export interface DeadLetterStep {
  readonly changed: number;
  /** Id of the last dead letter of this step; null: there was none. */
  readonly lastId: number | null;
  /** Number of parked deliveries that were created. */
  readonly parked: number;
}

type Chosen = { readonly id: number; readonly seq: number; readonly attempts: number };

function select(db: DatabaseSync, selection: DeadLetterSelection): readonly Chosen[] {
  const { subscriptionId, ids, afterId, throughId, limit } = selection;
  const listed = "SELECT id, seq, attempts FROM dead_letter WHERE subscription_id = ? AND redriven_at IS NULL";
  if (ids !== null) return ids.flatMap((id) => all<Chosen>(db, `${listed} AND id = ?`, subscriptionId, id));
  return all(db, `${listed} AND id > ? AND id <= ? ORDER BY id LIMIT ?`, subscriptionId, afterId, throughId, limit);
}

/**
 * A redriven dead letter is a parked delivery that is due now and refers to its dead letter, which keeps the message
 * even when the log no longer has it. Delivery removes the dead letter; another failure lists the dead letter again.
 */
export function redrive(
  db: DatabaseSync,
  input: DeadLetterSelection &
    Moment & {
      readonly settledThrough: Seq;
      /** Positions settled after `settledThrough`. */
      readonly done: readonly Seq[];
      /** Positions whose rows in `parked` are about to be written. */
      readonly parkedSoon: readonly Seq[];
    },
): DeadLetterStep {
  const { subscriptionId, settledThrough, nowMs, wallMs } = input;
  const park = `INSERT INTO parked (subscription_id, seq, due_at, attempts, retries, first_attempt_at, ordering_key,
      dead_letter_id)
    VALUES (?, ?, ?, ?, 0, NULL, NULL, ?) ON CONFLICT (subscription_id, seq) DO NOTHING`;
  const chosen = select(db, input);
  const done = new Set(input.done);
  const parkedSoon = new Set(input.parkedSoon);
  let parked = 0;
  for (const { id, seq, attempts } of chosen) {
    const isAhead = seq > settledThrough && !done.has(seq);
    const hasOther = isAhead || parkedSoon.has(seq);
    const changes = hasOther ? 0 : run(db, park, subscriptionId, seq, nowMs, attempts, id);
    // A delivery that is parked already, or still to be read from the log after a rewind, replaces the redriven one.
    if (changes === 0) removeDeadLetter(db, id);
    else run(db, "UPDATE dead_letter SET redriven_at = ? WHERE id = ?", wallMs, id);
    parked += changes;
  }
  return { changed: chosen.length, lastId: chosen.at(-1)?.id ?? null, parked };
}

export function purge(db: DatabaseSync, input: DeadLetterSelection): DeadLetterStep {
  const chosen = select(db, input);
  for (const { id } of chosen) removeDeadLetter(db, id);
  return { changed: chosen.length, lastId: chosen.at(-1)?.id ?? null, parked: 0 };
}
