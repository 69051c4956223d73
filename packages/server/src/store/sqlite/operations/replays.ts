import type { DatabaseSync } from "node:sqlite";
import { limits } from "../../../domain/limits.ts";
import type { AccountId, SubscriptionId, TimeMs } from "../../../domain/model.ts";
import {
  newReplayId,
  planText,
  rangeOf,
  replayColumns,
  type NewReplay,
  type ReplayId,
  type ReplayRow,
} from "../../replays.ts";
import { all, get, run, single } from "../statements.ts";
import { promote } from "./promote.ts";
import { lastDeadLetterId } from "./records.ts";

/** A replay, and how many of its copies wait. */
export interface FoundReplay {
  readonly row: ReplayRow;
  readonly waiting: number;
}

const ROWS_MAX = 500;

/** Returns null if the account has as many open replays as it may. */
export function createReplay(
  db: DatabaseSync,
  { replay, wallMs }: { readonly replay: NewReplay; readonly wallMs: TimeMs },
): FoundReplay | null {
  const { accountId, perSecond, subscriptionId, targetId } = replay;
  if (openReplayCount(db, replay) >= limits.replaysOpenMax) return null;
  let id = newReplayId(wallMs);
  while (get(db, "SELECT 1 FROM replay WHERE id = ?", id) !== undefined) id = (id + 1) as ReplayId;
  const { position, through } = rangeOf(replay, lastDeadLetterId(db, { subscriptionId }));
  const insert = `INSERT INTO replay (id, account_id, plan, target_id, per_second, state, position, through, created_at)
    VALUES (?, ?, ?, ?, ?, 'running', ?, ?, ?)`;
  run(db, insert, id, accountId, planText(replay), targetId, perSecond, position, through, wallMs);
  const surplus = `DELETE FROM replay WHERE id IN (SELECT id FROM replay WHERE account_id = ? AND is_open = 0
    ORDER BY id DESC LIMIT ? OFFSET ?)`;
  run(db, surplus, accountId, ROWS_MAX, limits.replaysKeptMax);
  return findReplay(db, id);
}

export function openReplayCount(db: DatabaseSync, { accountId }: Pick<NewReplay, "accountId">): number {
  const running = "SELECT count(*) AS count FROM replay WHERE account_id = ? AND ended_at IS NULL";
  return single<{ count: number }>(db, running, accountId).count;
}

/** Counts the replays of all accounts that have not ended. */
export function countAllReplays(db: DatabaseSync, _input: null): number {
  const sql = "SELECT count(*) AS count FROM replay WHERE is_open = 1 AND ended_at IS NULL";
  return single<{ count: number }>(db, sql).count;
}

/** `accountId` left out: of any account. */
export function readReplay(
  db: DatabaseSync,
  { id, accountId }: { readonly id: ReplayId; readonly accountId?: AccountId },
): FoundReplay | null {
  const found = findReplay(db, id);
  return found === null || (accountId !== undefined && found.row.account_id !== accountId) ? null : found;
}

function findReplay(db: DatabaseSync, id: ReplayId): FoundReplay | null {
  const row = get<ReplayRow>(db, `SELECT ${replayColumns} FROM replay WHERE id = ?`, id);
  return row === undefined ? null : { row, waiting: waitingOf(db, id) };
}

export function waitingOf(db: DatabaseSync, id: ReplayId): number {
  return single<{ count: number }>(db, "SELECT count(*) AS count FROM parked WHERE replay_id = ?", id).count;
}

export function listReplays(
  db: DatabaseSync,
  input: { readonly accountId: AccountId; readonly beforeId: number; readonly limit: number },
): readonly FoundReplay[] {
  const page = `SELECT ${replayColumns} FROM replay WHERE account_id = ? AND id < ? ORDER BY id DESC LIMIT ?`;
  const rows = all<ReplayRow>(db, page, input.accountId, input.beforeId, input.limit);
  return rows.map((row) => ({ row, waiting: waitingOf(db, row.id) }));
}

/** `perSecond` undefined: stays as it is. */
export function changeReplay(
  db: DatabaseSync,
  input: {
    readonly id: ReplayId;
    readonly perSecond?: number | null | undefined;
    readonly isPaused?: boolean | undefined;
  },
): FoundReplay | null {
  const { id, perSecond, isPaused } = input;
  const change =
    "UPDATE replay SET per_second = iif(?, ?, per_second), paused = coalesce(?, paused) WHERE id = ? AND ended_at IS NULL";
  run(
    db,
    change,
    perSecond === undefined ? 0 : 1,
    perSecond ?? null,
    isPaused === undefined ? null : Number(isPaused),
    id,
  );
  return findReplay(db, id);
}

/** A copy that a cancelled replay has removed. */
interface RemovedCopy {
  readonly orderingKey: string | null;
}

/**
 * Ends the replay if it runs, and removes its copies, except those at positions of `open`. Their dead letters are
 * listed again.
 */
export function endReplay(
  db: DatabaseSync,
  input: {
    readonly id: ReplayId;
    readonly state: "cancelled" | "failed";
    readonly reason: ReplayRow["reason"];
    readonly open: readonly number[];
    readonly nowMs: TimeMs;
    readonly wallMs: TimeMs;
  },
): { readonly found: FoundReplay | null; readonly removed: readonly RemovedCopy[] } {
  const { id, state, reason, open, nowMs, wallMs } = input;
  run(
    db,
    "UPDATE replay SET state = ?, reason = ?, ended_at = ? WHERE id = ? AND ended_at IS NULL",
    state,
    reason,
    wallMs,
    id,
  );
  const unpark = `DELETE FROM parked WHERE replay_id = ? AND seq NOT IN (SELECT value FROM json_each(?))
    RETURNING subscription_id AS subscriptionId, ordering_key AS orderingKey, dead_letter_id AS deadLetterId, attempts`;
  const removed = all<RemovedCopy & { subscriptionId: SubscriptionId; deadLetterId: number | null; attempts: number }>(
    db,
    unpark,
    id,
    JSON.stringify(open),
  );
  for (const { deadLetterId, attempts } of removed) {
    run(db, "UPDATE dead_letter SET redriven_at = NULL, attempts = ? WHERE id = ?", attempts, deadLetterId);
  }
  for (const { subscriptionId, orderingKey } of removed) promote(db, nowMs, subscriptionId, orderingKey);
  // A copy that a claim returns without an attempt is not claimed again before the next step removes it.
  const later = "UPDATE parked SET due_at = ? WHERE replay_id = ? AND due_at IS NOT NULL";
  run(db, later, nowMs + limits.replayKeptMs, id);
  const isOpen = Number(waitingOf(db, id) > 0);
  run(db, "UPDATE replay SET parked = parked - ?, is_open = ? WHERE id = ?", removed.length, isOpen, id);
  return { found: findReplay(db, id), removed };
}

export function removeReplay(db: DatabaseSync, { id }: { readonly id: ReplayId }): boolean {
  return run(db, "DELETE FROM replay WHERE id = ? AND is_open = 0", id) > 0;
}

export function openReplays(db: DatabaseSync, { max }: { readonly max: number }): readonly ReplayId[] {
  return all<{ id: ReplayId }>(db, "SELECT id FROM replay WHERE is_open = 1 ORDER BY id LIMIT ?", max).map(
    ({ id }) => id,
  );
}

export function trimReplays(db: DatabaseSync, { beforeMs }: { readonly beforeMs: TimeMs }): number {
  const old = "SELECT id FROM replay WHERE is_open = 0 AND ended_at < ? LIMIT ?";
  return run(db, `DELETE FROM replay WHERE id IN (${old})`, beforeMs, ROWS_MAX);
}
