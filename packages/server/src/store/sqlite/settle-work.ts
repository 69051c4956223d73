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
   * Subscriptions whose cursors moved, with the positions of the log that this work settles. The commit reads the
   * cursors, so a cursor that moved ten times is written once.
   */
  readonly settled: Map<SubscriptionEntry, Seq[]>;
  readonly dead: DeadRow[];
  readonly unparked: UnparkRow[];
  readonly parked: ParkRow[];
  /** Receivers' answers. Work with answers has no other rows. */
  readonly answers: AnswerList | null;
  /** A caller waits for the commit. The work fails when the disk refuses it; work that is not urgent is kept. */
  readonly isUrgent: boolean;
  readonly done: () => void;
  /** Called instead of `done` for work with answers. */
  readonly answered: (outcomes: AnswerOutcomes) => void;
  /**
   * The work will not be written: the store closes, the database can never store such rows, or the disk has refused
   * urgent work.
   */
  readonly failed: (error: Error) => void;
}

/** Returns work without rows. The caller adds the rows. */
export function emptyWork(): SettleWork {
  return {
    attempts: new AttemptList(),
    settled: new Map(),
    dead: [],
    unparked: [],
    parked: [],
    answers: null,
    isUrgent: false,
    done: nothing,
    answered: nothing,
    failed: nothing,
  };
}

function nothing(): void {}

export function rowCount({ attempts, dead, unparked, parked, answers }: SettleWork): number {
  return attempts.count + dead.length + unparked.length + parked.length + (answers?.count ?? 0);
}

/**
 * The subscriptions that this work changes. Their works must be written in the order in which they came. Only answers
 * may be written earlier, because they change rows that no other work changes.
 */
export function changedBy({ settled, dead, unparked, parked }: SettleWork): Set<SubscriptionId> {
  const ids = new Set<SubscriptionId>();
  for (const { id } of settled.keys()) ids.add(id);
  for (const rows of [dead, unparked, parked]) for (const { subscriptionId } of rows) ids.add(subscriptionId);
  return ids;
}

/** All positions that these works settle, by subscription. */
export function settledBy(works: readonly SettleWork[]): ReadonlyMap<SubscriptionEntry, Seq[]> {
  const all = new Map<SubscriptionEntry, Seq[]>();
  for (const { settled } of works) {
    for (const [entry, seqs] of settled) for (const seq of seqs) addSettled(all, entry, seq);
  }
  return all;
}

export function addSettled(settled: SettleWork["settled"], entry: SubscriptionEntry, seq: Seq): void {
  const known = settled.get(entry);
  if (known === undefined) settled.set(entry, [seq]);
  else known.push(seq);
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
  for (const [entry, seqs] of work.settled) if (entry.id === id) keepOnly(seqs, (seq) => seq < fromSeq);
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

/**
 * `others`: all other works that are not written yet. The cursors in memory have moved past their positions. The
 * written cursors must not, because a crash would then lose the deliveries of those works.
 */
export function toSettleGroup(works: readonly SettleWork[], others: readonly SettleWork[], times: Moment): SettleGroup {
  const moved = new Set<SubscriptionEntry>();
  for (const work of works) for (const entry of work.settled.keys()) moved.add(entry);
  const answers = works.flatMap((work) => work.answers ?? []);
  return {
    ...times,
    answers: answers.length === 0 ? null : AnswerList.pack(answers),
    attempts: AttemptList.pack(works.map((work) => work.attempts)),
    cursors: packCursors(moved, settledBy(others)),
    dead: works.flatMap((work) => work.dead),
    unparked: works.flatMap((work) => work.unparked),
    parked: works.flatMap((work) => work.parked),
  };
}
