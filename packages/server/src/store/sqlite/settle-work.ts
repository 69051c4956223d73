import type { Seq, SubscriptionId, TimeMs } from "../../domain/model.ts";
import type { SubscriptionEntry } from "./catalog.ts";
import type { DeadRow, ParkRow, SettleGroup, UnparkRow } from "./operations/settle.ts";
import { AnswerList, type AnswerOutcomes } from "./answer-columns.ts";
import { AttemptList, packCursors } from "./settle-columns.ts";

/** One piece of settled work: rows for the commit, and what to do once they are durable. */
export interface SettleWork {
  readonly attempts: AttemptList;
  /** Their cursors are read when the commit is put together, so that one that moved ten times since is written once. */
  readonly entries: ReadonlySet<SubscriptionEntry>;
  readonly dead: DeadRow[];
  readonly unparked: UnparkRow[];
  readonly parked: ParkRow[];
  /** What receivers say; such work holds nothing else, and fails when the disk refuses it. */
  readonly answers: AnswerList | null;
  /** Somebody waits for it. */
  readonly isUrgent: boolean;
  readonly done: () => void;
  /** Instead of `done`. */
  readonly answered: (outcomes: AnswerOutcomes) => void;
  /** It will not be written: the store closes, or the database will never take such rows. */
  readonly failed: (error: Error) => void;
}

/** Work that settles nothing yet, to be filled in. */
export function emptyWork(): SettleWork {
  const entries = new Set<SubscriptionEntry>();
  return {
    attempts: new AttemptList(),
    entries,
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

/** Tells each what became of it. */
export function tellWritten(works: readonly SettleWork[], outcomes: AnswerOutcomes | null): void {
  let place = 0;
  for (const work of works) {
    if (work.answers === null) {
      work.done();
      continue;
    }
    const from = place;
    const to = (place += work.answers.count);
    work.answered({
      applied: outcomes?.applied.subarray(from, to) ?? new Uint8Array(to - from),
      freed: (outcomes?.freed ?? []).flatMap(([at, key]) => (at >= from && at < to ? [[at - from, key] as const] : [])),
    });
  }
}

/** Drops the rows of subscriptions that are gone, which nothing would ever remove; attempts go with their age. */
export function forgetRemoved(work: SettleWork, isGone: (id: SubscriptionId) => boolean): void {
  keepOnly(work.dead, (row) => !isGone(row.subscriptionId));
  keepOnly(work.unparked, (row) => !isGone(row.subscriptionId));
  keepOnly(work.parked, (row) => !isGone(row.subscriptionId));
}

/**
 * Drops what this work would write of parked deliveries from `fromSeq` on. `parked`: those that there are, with the keys that they hold
 * back, brought up to date with what is dropped.
 */
export function takeOut(work: SettleWork, id: SubscriptionId, fromSeq: Seq, parked: Map<Seq, string | null>): void {
  const isMeant = (row: { readonly subscriptionId: SubscriptionId; readonly seq: Seq }): boolean =>
    row.subscriptionId === id && row.seq >= fromSeq;
  for (const row of work.parked) if (isMeant(row)) parked.set(row.seq, row.orderingKey);
  for (const row of work.unparked) if (isMeant(row)) parked.delete(row.seq);
  keepOnly(work.parked, (row) => !isMeant(row));
  // One that had been redriven has lost its old dead letter with its row, and gets a new one.
  for (const [index, row] of work.dead.entries()) {
    if (row.subscriptionId === id && row.message.seq >= fromSeq) work.dead[index] = { ...row, deadLetterId: null };
  }
  // Nor may a row that is parked after this be taken for the one that was meant.
  keepOnly(work.unparked, (row) => !isMeant(row));
}

function keepOnly<T>(rows: T[], wanted: (row: T) => boolean): void {
  const kept = rows.filter(wanted);
  if (kept.length < rows.length) rows.splice(0, rows.length, ...kept);
}

/** The order of the subscription has changed: what this work would hold is due instead, and holds nothing itself. */
export function releaseHeld(work: SettleWork, id: SubscriptionId, nowMs: TimeMs): void {
  for (const [index, row] of work.parked.entries()) {
    if (row.subscriptionId !== id) continue;
    work.parked[index] = { ...row, dueAtMs: row.dueAtMs ?? nowMs, orderingKey: null };
  }
}

export function toSettleGroup(works: readonly SettleWork[], nowMs: TimeMs): SettleGroup {
  const moved = new Set<SubscriptionEntry>();
  for (const work of works) for (const entry of work.entries) moved.add(entry);
  const answers = works.flatMap((work) => work.answers ?? []);
  return {
    nowMs,
    answers: answers.length === 0 ? null : AnswerList.pack(answers),
    attempts: AttemptList.pack(works.map((work) => work.attempts)),
    cursors: packCursors(moved),
    dead: works.flatMap((work) => work.dead),
    unparked: works.flatMap((work) => work.unparked),
    parked: works.flatMap((work) => work.parked),
  };
}
