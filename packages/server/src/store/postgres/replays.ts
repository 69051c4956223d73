import { limits } from "../../domain/limits.ts";
import type { Seq, SubscriptionId, TimeMs } from "../../domain/model.ts";
import { chooseCopies, countedPart, countInParts } from "../replay-copies.ts";
import type { ChosenCopies, ExaminedPart, ExaminedRange, ReplayCandidate } from "../replay-copies.ts";
import {
  beforeReplay,
  newReplayId,
  planOf,
  planText,
  rangeOf,
  replayPage,
  replayColumns,
  toReplay,
  type Replay,
  type ReplayCount,
  type ReplayId,
  type ReplayPlan,
  type ReplayRow,
  type ReplayStep,
  type ReplayStore,
  replayLimit,
} from "../replays.ts";
import { notifyNodes } from "./change-bus.ts";
import { call, type Connection } from "./connection.ts";
import { routePattern } from "./route-patterns.ts";
import type { StoreContext } from "./store-context.ts";
import { findSeqAt, readLogRange } from "./subscriptions.ts";

type FoundRow = ReplayRow & { readonly waiting: number };

/** The number of copies that wait is small, because `limits.replayWaitingMax` bounds it. */
const select = `SELECT ${replayColumns},
    ringback.waiting_copies(r.id) AS waiting FROM ringback.replay r`;
const rowsMax = 500;
/** Positions that one statement counts. */
const countStep = 5_000;
const now = "coalesce(($1::bigint[])[1], ringback.steady_ms())";
const wall = "coalesce(($1::bigint[])[2], ringback.now_ms())";

export function createReplays(context: StoreContext): ReplayStore {
  const { database, times, nodeId } = context;
  const pool = database.rest;
  return {
    logRange: (topicId) => readLogRange(pool, topicId),
    seqAt: (topicId, atMs) => findSeqAt(pool, topicId, atMs),
    count: (plan) => count(pool, plan),
    create: (replay) => pool.transaction((connection) => create(connection, context, replay)),
    async openCount(accountId) {
      const [row] = await pool.query<{ count: number }>(
        "SELECT count(*) AS count FROM ringback.replay WHERE account_id = $1 AND ended_at IS NULL",
        [accountId],
        "open_replays",
      );
      return row?.count ?? 0;
    },
    async get(accountId, id) {
      const sql = `${select} WHERE id = $1 AND account_id = $2`;
      const [row] = await pool.query<FoundRow>(sql, [id, accountId], "get_replay");
      return row === undefined ? null : shown(row);
    },
    async list(accountId, page) {
      const rows = await pool.query<FoundRow>(
        `${select} WHERE account_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3`,
        [accountId, beforeReplay(page), page.limit + 1],
        "list_replays",
      );
      return replayPage(rows.map(shown), page);
    },
    async change(accountId, id, { perSecond, isPaused = null }) {
      await pool.query(
        `UPDATE ringback.replay SET per_second = CASE WHEN $3 THEN $4::bigint ELSE per_second END,
           paused = coalesce($5, paused) WHERE id = $1 AND account_id = $2 AND ended_at IS NULL`,
        [id, accountId, perSecond !== undefined, perSecond ?? null, isPaused],
        "change_replay",
      );
      return this.get(accountId, id);
    },
    async cancel(accountId, id) {
      if ((await this.get(accountId, id)) === null) return null;
      const replay = await end(context, id, "cancelled");
      if (replay !== null && replay.waiting > 0) {
        context.cancelled.notify(replay.targetId);
        await notifyNodes(pool, nodeId, { kind: "replay", subscriptionId: replay.targetId });
      }
      return replay;
    },
    onCancelled: (listener) => context.cancelled.add(listener),
    async remove(accountId, id) {
      const sql = "DELETE FROM ringback.replay WHERE id = $1 AND account_id = $2 AND NOT is_open RETURNING id";
      return (await pool.query(sql, [id, accountId], "remove_replay")).length > 0;
    },
    acquire: (max, leaseMs) => acquire(context, max, leaseMs),
    step: (id, leaseMs, copiesMax) => step(context, id, leaseMs, copiesMax),
    async trim() {
      await pool.query(
        `DELETE FROM ringback.replay WHERE id = ANY (ARRAY (SELECT r.id FROM ringback.replay r
           WHERE NOT r.is_open AND r.ended_at < ${wall} - $2 LIMIT $3 FOR UPDATE SKIP LOCKED))`,
        [times.forAges(), limits.replayKeptMs, rowsMax],
        "trim_replays",
      );
    },
  };
}

async function acquire(
  { database, times, nodeId }: StoreContext,
  max: number,
  leaseMs: number,
): Promise<readonly ReplayId[]> {
  const rows = await database.rest.query<{ id: ReplayId }>(
    `UPDATE ringback.replay SET lease_node = $2, lease_until = ${now} + $3 WHERE id = ANY (ARRAY (
       SELECT r.id FROM ringback.replay r
         WHERE r.is_open AND (r.lease_until <= ${now} OR r.lease_node IS NULL OR r.lease_node = $2)
         ORDER BY r.id LIMIT $4 FOR UPDATE SKIP LOCKED)) RETURNING id`,
    [times.at(), nodeId, leaseMs, max],
    "acquire_replays",
  );
  return rows.map(({ id }) => id);
}

function shown({ waiting, ...row }: FoundRow): Replay {
  return toReplay(row, waiting);
}

async function lastLetter(connection: Connection, id: SubscriptionId): Promise<number> {
  const [last] = await connection.query<{ id: number | null }>(
    "SELECT max(id) AS id FROM ringback.dead_letter WHERE redriven_at IS NULL AND subscription_id = $1",
    [id],
    "last_dead_letter",
  );
  return last?.id ?? 0;
}

async function count(connection: Connection, plan: ReplayPlan): Promise<ReplayCount> {
  const all = rangeOf(plan, await lastLetter(connection, plan.subscriptionId));
  return countInParts(all, countStep, async (range) => countedPart(await examine(connection, plan, range)));
}

async function create(
  connection: Connection,
  { times }: StoreContext,
  replay: Parameters<ReplayStore["create"]>[0],
): Promise<Replay> {
  const { accountId, targetId, perSecond } = replay;
  // Without the lock, concurrent requests could exceed the limit together.
  await connection.query("SELECT 1 FROM ringback.account WHERE id = $1 FOR NO KEY UPDATE", [accountId]);
  const [state] = await connection.query<{ running: number; wall: TimeMs }>(
    `SELECT count(*) AS running, ${wall} AS wall FROM ringback.replay WHERE account_id = $2 AND ended_at IS NULL`,
    [times.at(), accountId],
  );
  const { running, wall: wallMs } = state as { running: number; wall: TimeMs };
  if (running >= limits.replaysOpenMax) throw replayLimit();
  const { position, through } = rangeOf(replay, await lastLetter(connection, replay.subscriptionId));
  let rows: FoundRow[] = [];
  for (let id = newReplayId(wallMs); rows.length === 0; id = (id + 1) as ReplayId) {
    rows = await connection.query<FoundRow>(
      `INSERT INTO ringback.replay (id, account_id, plan, target_id, per_second, state, position, through, created_at)
       VALUES ($1, $2, $3, $4, $5, 'running', $6, $7, $8) ON CONFLICT (id) DO NOTHING
       RETURNING ${replayColumns}, 0::bigint AS waiting`,
      [id, accountId, planText(replay), targetId, perSecond, position, through, wallMs],
    );
  }
  await connection.query(
    `DELETE FROM ringback.replay WHERE id = ANY (ARRAY (SELECT r.id FROM ringback.replay r
       WHERE r.account_id = $1 AND NOT r.is_open ORDER BY r.id DESC OFFSET $2 LIMIT $3))`,
    [accountId, limits.replaysKeptMax, rowsMax],
  );
  return shown(rows[0] as FoundRow);
}

interface Candidate extends ReplayCandidate {
  readonly letter: number | null;
}

interface CandidateRow {
  readonly at: number;
  readonly seq: Seq;
  readonly matches: boolean;
  readonly pending: boolean;
  readonly letter: number | null;
}

async function examine(
  connection: Connection,
  plan: ReplayPlan,
  { position, through, max }: ExaminedRange,
): Promise<ExaminedPart<Candidate>> {
  const { source, topicId, subscriptionId, targetId } = plan;
  const rows =
    source.kind === "messages"
      ? await call<CandidateRow>(connection, "examine_log", [
          topicId,
          position,
          through,
          max,
          targetId,
          source.types.length === 0 ? null : source.types.map(routePattern),
          source.only === "failed" ? subscriptionId : null,
        ])
      : await call<CandidateRow>(connection, "examine_letters", [
          subscriptionId,
          position,
          through,
          max,
          source.reasons,
          source.statuses,
          source.fromMs,
          source.toMs,
        ]);
  const candidates = rows.map(({ pending, ...row }) => ({ ...row, isPending: pending }));
  return { candidates, end: rows.length < max ? through : (rows.at(-1)?.at ?? through) };
}

/** A replay that this node runs, while the cursors of its subscriptions and its row are locked. */
interface Locked {
  readonly row: FoundRow;
  readonly plan: ReplayPlan;
  readonly areThere: boolean;
  readonly nowMs: TimeMs;
  readonly wallMs: TimeMs;
}

/** `nodeId` null: whichever node runs the replay. */
async function lock(
  connection: Connection,
  { times }: StoreContext,
  id: ReplayId,
  nodeId: number | null,
): Promise<Locked | null> {
  const [before] = await connection.query<{ plan: string }>("SELECT plan FROM ringback.replay WHERE id = $1", [id]);
  if (before === undefined) return null;
  const plan = planOf(before);
  const ids = [...new Set([plan.targetId, plan.subscriptionId])];
  const cursors = await connection.query(
    `SELECT 1 FROM ringback.subscription_cursor WHERE subscription_id = ANY ($1::bigint[])
       ORDER BY subscription_id FOR UPDATE`,
    [ids],
    "lock_replay_cursors",
  );
  const [row] = await connection.query<FoundRow & { now: TimeMs; wall: TimeMs }>(
    `SELECT ${replayColumns}, ringback.waiting_copies(r.id) AS waiting,
       ${now} AS now, ${wall} AS wall
     FROM ringback.replay r WHERE id = $2 AND ($3::bigint IS NULL OR lease_node = $3) FOR UPDATE OF r`,
    [times.at(), id, nodeId],
    "lock_replay",
  );
  if (row === undefined) return null;
  return { row, plan, areThere: cursors.length === ids.length, nowMs: row.now, wallMs: row.wall };
}

async function step(
  context: StoreContext,
  id: ReplayId,
  leaseMs: number,
  copiesMax: number,
): Promise<ReplayStep | null> {
  const { database, nodeId, ready } = context;
  const done = await database.rest.transaction(async (connection) => {
    const locked = await lock(connection, context, id, nodeId);
    if (locked === null) return null;
    const { row, areThere, nowMs } = locked;
    await connection.query("UPDATE ringback.replay SET lease_until = $2 WHERE id = $1", [id, nowMs + leaseMs]);
    if (row.state !== "running") return { ended: "cancelled" as const };
    return areThere ? advance(connection, locked, copiesMax) : { ended: "failed" as const };
  });
  if (done === null) return null;
  if ("ended" in done) {
    const replay = await end(context, id, done.ended);
    return replay && { replay, isOpen: replay.waiting > 0 };
  }
  if (done.parked > 0) ready([done.targetId]);
  return done;
}

async function advance(
  connection: Connection,
  { row, plan, nowMs, wallMs }: Locked,
  copiesMax: number,
): Promise<ReplayStep & { readonly parked: number; readonly targetId: SubscriptionId }> {
  const { id, through } = row;
  const start = await startOf(connection, plan, row);
  const isMoving = row.paused === false && start < through;
  const part = isMoving
    ? await examine(connection, plan, { position: start, through, max: limits.replayExaminedMax })
    : { candidates: [], end: start };
  const chosen = chooseCopies(row, part, nowMs, { waiting: row.waiting, max: copiesMax });
  const { copies, skipped, examined, nextAt } = chosen;
  if (copies.length > 0) await park(connection, id, plan, copies, wallMs);
  if (plan.source.kind === "dead-letters" && skipped.length > 0) {
    // A dead letter whose message will be delivered anyway is removed, as by a redrive.
    const letters = skipped.map(({ letter }) => letter);
    await connection.query("DELETE FROM ringback.dead_letter WHERE id = ANY ($1::bigint[])", [letters]);
  }
  const position = Math.max(start, chosen.position);
  const isDone = position >= through && row.waiting + copies.length === 0;
  const [after] = await connection.query<ReplayRow>(
    `UPDATE ringback.replay SET position = $2, examined = examined + $3, parked = parked + $4, skipped = skipped + $5,
       expired = expired + $6, next_at = $7, state = CASE WHEN $8 THEN 'done' ELSE state END,
       ended_at = CASE WHEN $8 THEN $9::bigint END, is_open = NOT $8
     WHERE id = $1 RETURNING ${replayColumns}`,
    [id, position, examined, copies.length, skipped.length, start - row.position, nextAt, isDone, wallMs],
    "advance_replay",
  );
  const replay = toReplay(after as ReplayRow, row.waiting + copies.length);
  return { replay, isOpen: !isDone, parked: copies.length, targetId: plan.targetId };
}

/** The position of a replay, after the messages that have expired. */
async function startOf(connection: Connection, plan: ReplayPlan, { position, through }: ReplayRow): Promise<number> {
  if (plan.source.kind === "dead-letters") return position;
  const log = await readLogRange(connection, plan.topicId);
  return Math.max(position, Math.min((log?.firstSeq ?? 1) - 1, through));
}

function park(
  connection: Connection,
  id: ReplayId,
  { targetId, topicId, order }: ReplayPlan,
  copies: ChosenCopies<Candidate>["copies"],
  wallMs: TimeMs,
): Promise<unknown> {
  return call(connection, "park_copies", [
    id,
    targetId,
    topicId,
    order === "separate",
    wallMs,
    copies.map(({ candidate }) => candidate.seq),
    copies.map(({ dueAtMs }) => dueAtMs),
    copies.map(({ candidate }) => candidate.letter),
  ]);
}

/** Ends a replay unless it has ended, and removes those of its copies that are not in flight. */
async function end(context: StoreContext, id: ReplayId, state: "cancelled" | "failed"): Promise<Replay | null> {
  const { database, ready } = context;
  const ended = await database.rest.transaction(async (connection) => {
    const locked = await lock(connection, context, id, null);
    if (locked === null) return null;
    const { row, plan, nowMs, wallMs } = locked;
    const [{ remove_copies: removed } = { remove_copies: 0 }] = await call<{ remove_copies: number }>(
      connection,
      "remove_copies",
      [id, plan.targetId, nowMs, limits.replayKeptMs],
    );
    const [after] = await connection.query<ReplayRow>(
      `UPDATE ringback.replay SET parked = parked - $2, is_open = $3,
         state = CASE WHEN ended_at IS NULL THEN $4 ELSE state END,
         reason = CASE WHEN ended_at IS NULL THEN $5 ELSE reason END, ended_at = coalesce(ended_at, $6)
       WHERE id = $1 RETURNING ${replayColumns}`,
      [id, removed, row.waiting > removed, state, state === "failed" ? "subscription_deleted" : null, wallMs],
      "end_replay",
    );
    return { replay: toReplay(after as ReplayRow, row.waiting - removed), targetId: plan.targetId, removed };
  });
  if (ended === null) return null;
  if (ended.removed > 0) ready([ended.targetId]);
  return ended.replay;
}
