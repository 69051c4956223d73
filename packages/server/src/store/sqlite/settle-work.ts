import type { SubscriptionId, TimeMs } from "../../domain/model.ts";
import type { SubscriptionEntry } from "./catalog.ts";
import type { DeadRow, ParkRow, SettleGroup, UnparkRow } from "./operations/settle.ts";
import { AttemptList, packCursors } from "./settle-columns.ts";

/** One piece of settled work: rows for the commit, and what to do once they are durable. */
export interface SettleWork {
  readonly attempts: AttemptList;
  /** Their cursors are read when the commit is put together, so that one that moved ten times since is written once. */
  readonly entries: ReadonlySet<SubscriptionEntry>;
  readonly dead: DeadRow[];
  readonly unparked: UnparkRow[];
  readonly parked: ParkRow[];
  readonly done: () => void;
  /** It will not be written: the store closes, or the database will never take such rows. */
  readonly failed: (error: Error) => void;
}

/** Work that settles nothing yet, to be filled in. */
export function emptyWork(): SettleWork {
  const entries = new Set<SubscriptionEntry>();
  return { attempts: new AttemptList(), entries, dead: [], unparked: [], parked: [], done: nothing, failed: nothing };
}

function nothing(): void {}

export function rowCount({ attempts, dead, unparked, parked }: SettleWork): number {
  return attempts.count + dead.length + unparked.length + parked.length;
}

/** Drops the rows of subscriptions that are gone, which nothing would ever remove; attempts go with their age. */
export function forgetRemoved(work: SettleWork, isGone: (id: SubscriptionId) => boolean): void {
  keepOnly(work.dead, (row) => !isGone(row.subscriptionId));
  keepOnly(work.unparked, (row) => !isGone(row.subscriptionId));
  keepOnly(work.parked, (row) => !isGone(row.subscriptionId));
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
  return {
    nowMs,
    attempts: AttemptList.pack(works.map((work) => work.attempts)),
    cursors: packCursors(moved),
    dead: works.flatMap((work) => work.dead),
    unparked: works.flatMap((work) => work.unparked),
    parked: works.flatMap((work) => work.parked),
  };
}
