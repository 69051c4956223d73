import type { DatabaseSync } from "node:sqlite";
import type { Seq, SubscriptionId, TimeMs } from "../../../domain/model.ts";
import { statement } from "../statements.ts";

/** The dead letters that one bounded step works on: those in `ids`, or the first `limit` up to `throughId`. */
export interface DeadLetterSelection {
  readonly subscriptionId: SubscriptionId;
  readonly ids: readonly number[] | null;
  /** Used when `ids` is null. A dead letter that returns during the work keeps its id, so it is not taken twice. */
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

function select(db: DatabaseSync, selection: DeadLetterSelection): { id: number; seq: number; attempts: number }[] {
  if (selection.ids === null) {
    return statement(
      db,
      `SELECT id, seq, attempts FROM dead_letter
         WHERE subscription_id = ? AND redriven_at IS NULL AND id > ? AND id <= ? ORDER BY id LIMIT ?`,
    ).all(selection.subscriptionId, selection.afterId, selection.throughId, selection.limit) as never;
  }
  const one = statement(
    db,
    "SELECT id, seq, attempts FROM dead_letter WHERE id = ? AND subscription_id = ? AND redriven_at IS NULL",
  );
  return selection.ids.flatMap((id) => one.all(id, selection.subscriptionId)) as never;
}

/**
 * A redriven dead letter is a parked delivery that is due now and refers to its dead letter, which keeps the message
 * even when the log no longer has it. Delivery removes the dead letter; another failure lists the dead letter again.
 */
export function redrive(
  db: DatabaseSync,
  input: DeadLetterSelection & {
    readonly nowMs: TimeMs;
    readonly settledThrough: Seq;
    /** Positions settled after `settledThrough`. */
    readonly done: readonly Seq[];
    /** Positions whose rows in `parked` are about to be written. */
    readonly parkedSoon: readonly Seq[];
  },
): DeadLetterStep {
  const park = statement(
    db,
    `INSERT INTO parked (subscription_id, seq, due_at, attempts, retries, first_attempt_at, ordering_key, dead_letter_id)
     VALUES (?, ?, ?, ?, 0, NULL, NULL, ?) ON CONFLICT (subscription_id, seq) DO NOTHING`,
  );
  const mark = statement(db, "UPDATE dead_letter SET redriven_at = ? WHERE id = ?");
  const chosen = select(db, input);
  const done = new Set(input.done);
  const parkedSoon = new Set(input.parkedSoon);
  let parked = 0;
  for (const letter of chosen) {
    const isAhead = letter.seq > input.settledThrough && !done.has(letter.seq);
    const hasOther = isAhead || parkedSoon.has(letter.seq);
    const changes = hasOther
      ? 0
      : Number(park.run(input.subscriptionId, letter.seq, input.nowMs, letter.attempts, letter.id).changes);
    // A delivery that is parked already, or still to be read from the log after a rewind, replaces the redriven one.
    if (changes === 0) statement(db, "DELETE FROM dead_letter WHERE id = ?").run(letter.id);
    else mark.run(input.nowMs, letter.id);
    parked += changes;
  }
  return { changed: chosen.length, lastId: chosen.at(-1)?.id ?? null, parked };
}

export function purge(db: DatabaseSync, input: DeadLetterSelection): DeadLetterStep {
  const drop = statement(db, "DELETE FROM dead_letter WHERE id = ?");
  const chosen = select(db, input);
  for (const letter of chosen) drop.run(letter.id);
  return { changed: chosen.length, lastId: chosen.at(-1)?.id ?? null, parked: 0 };
}
