import type { Seq, SubscriptionId, TimeMs } from "../../domain/model.ts";
import { AnswerList, type AnswerOutcomes } from "./answer-columns.ts";
import type { DeadRow, ParkRow, SettleGroup, UnparkRow } from "./operations/settle.ts";
import { AttemptList, packCursors } from "./settle-columns.ts";
import type { SubscriptionEntry } from "./subscription-entry.ts";
import type { Moment } from "../../domain/ports.ts";

/** Rows that belong to one call and one commit, and the functions to call when they are durable or have failed. */
export interface SettleWork {
  readonly attempts: AttemptList;
  /**
   * Subscriptions whose cursors moved. The commit reads the cursors, so a cursor that moved ten times is written once.
   */
  readonly entries: Set<SubscriptionEntry>;
  readonly dead: DeadRow[];
  readonly unparked: UnparkRow[];
  readonly parked: ParkRow[];
  /** Receivers' answers. Work with answers has no other rows, and fails when the disk refuses the write. */
  readonly answers: AnswerList | null;
  /** A caller waits for the commit, and does not wait for a disk that refuses the write. */
  readonly isUrgent: boolean;
  readonly done: () => void;
  /** Called instead of `done` for work with answers. */
  readonly answered: (outcomes: AnswerOutcomes) => void;
  /** The disk has refused the work, which is kept and written later. May change the rows of the work. */
  readonly refused: (error: Error) => void;
  /** The work will not be written, because the store closes or the database can never store such rows. */
  readonly failed: (error: Error) => void;
}

/** Returns work without rows. The caller adds the rows. */
export function emptyWork(): SettleWork {
  return {
    attempts: new AttemptList(),
    entries: new Set(),
    dead: [],
    unparked: [],
    parked: [],
    answers: null,
    isUrgent: false,
    done: nothing,
    answered: nothing,
    refused: nothing,
    failed: nothing,
  };
}

function nothing(): void {}

export function rowCount({ attempts, dead, unparked, parked, answers }: SettleWork): number {
  return attempts.count + dead.length + unparked.length + parked.length + (answers?.count ?? 0);
}

/** Calls the callbacks of written work. `outcomes`: those of all answers of the commit, in the order of `works`. */
export function notifyWritten(works: readonly SettleWork[], outcomes: AnswerOutcomes | null): void {
  let index = 0;
  for (const work of works) {
    if (work.answers === null) {
      work.done();
      continue;
    }
    const from = index;
    const to = (index += work.answers.count);
    work.answered({
      applied: outcomes?.applied.subarray(from, to) ?? new Uint8Array(to - from),
      freed: (outcomes?.freed ?? []).flatMap(([at, key]) => (at >= from && at < to ? [[at - from, key] as const] : [])),
    });
  }
}

/** Drops rows of deleted subscriptions, which nothing would ever remove. Attempts stay until their retention ends. */
export function forgetRemoved(work: SettleWork, isGone: (id: SubscriptionId) => boolean): void {
  keepOnly(work.dead, (row) => !isGone(row.subscriptionId));
  keepOnly(work.unparked, (row) => !isGone(row.subscriptionId));
  keepOnly(work.parked, (row) => !isGone(row.subscriptionId));
}

/**
 * Removes the changes of parked deliveries from `fromSeq` on from the work. `parked`: the positions of all parked
 * deliveries, with the keys that they block; updated according to the removed changes.
 */
export function takeOut(work: SettleWork, id: SubscriptionId, fromSeq: Seq, parked: Map<Seq, string | null>): void {
  const isMeant = (row: { readonly subscriptionId: SubscriptionId; readonly seq: Seq }): boolean =>
    row.subscriptionId === id && row.seq >= fromSeq;
  for (const row of work.parked) if (isMeant(row)) parked.set(row.seq, row.orderingKey);
  for (const row of work.unparked) if (isMeant(row)) parked.delete(row.seq);
  keepOnly(work.parked, (row) => !isMeant(row));
  // The rewind removed the row of a redriven delivery and its dead letter, so a new dead letter is written.
  for (const [index, row] of work.dead.entries()) {
    if (row.subscriptionId === id && row.message.seq >= fromSeq) work.dead[index] = { ...row, deadLetterId: null };
  }
  // Otherwise this row would remove a delivery that is parked after the rewind.
  keepOnly(work.unparked, (row) => !isMeant(row));
}

function keepOnly<T>(rows: T[], wanted: (row: T) => boolean): void {
  const kept = rows.filter(wanted);
  if (kept.length < rows.length) rows.splice(0, rows.length, ...kept);
}

/** Called when the order of the subscription changes. Deliveries that this work would hold are due and block no key. */
export function releaseHeld(work: SettleWork, id: SubscriptionId, nowMs: TimeMs): void {
  for (const [index, row] of work.parked.entries()) {
    if (row.subscriptionId !== id) continue;
    work.parked[index] = { ...row, dueAtMs: row.dueAtMs ?? nowMs, orderingKey: null };
  }
}

export function toSettleGroup(works: readonly SettleWork[], times: Moment): SettleGroup {
  const moved = new Set<SubscriptionEntry>();
  for (const work of works) for (const entry of work.entries) moved.add(entry);
  const answers = works.flatMap((work) => work.answers ?? []);
  return {
    ...times,
    answers: answers.length === 0 ? null : AnswerList.pack(answers),
    attempts: AttemptList.pack(works.map((work) => work.attempts)),
    cursors: packCursors(moved),
    dead: works.flatMap((work) => work.dead),
    unparked: works.flatMap((work) => work.unparked),
    parked: works.flatMap((work) => work.parked),
  };
}
