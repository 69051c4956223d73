import type { DatabaseSync } from "node:sqlite";
import { compileFilter } from "../../../domain/filter.ts";
import { limits } from "../../../domain/limits.ts";
import { messageIdToBigInt } from "../../../domain/message-id.ts";
import type { Filter, Seq, SubscriptionId, TimeMs, TopicId } from "../../../domain/model.ts";
import type { Moment } from "../../../domain/ports.ts";
import { chooseCopies, countedPart, type CountedPart } from "../../replay-copies.ts";
import type { ChosenCopies, ExaminedPart, ExaminedRange, ReplayCandidate } from "../../replay-copies.ts";
import type { ReplayId, ReplayPlan, ReplayRow, ReplaySource } from "../../replays.ts";
import { SEQ_MASK_SQL } from "../rows.ts";
import { all, get, run } from "../statements.ts";
import { removeDeadLetter } from "./dead-letter-rows.ts";
import { readReplay, waitingOf, type FoundReplay } from "./replays.ts";

/** The positions of a log that a subscription has settled: those that are parked, and those that have ended. */
export interface SettledPositions {
  readonly settledThrough: Seq;
  /** Positions settled after `settledThrough`. */
  readonly done: readonly Seq[];
  /** Positions whose rows in `parked` are about to be written. */
  readonly parkedSoon: readonly Seq[];
}

/** A replay's plan and the facts that its reads need and the database does not have. */
export interface ReplayReading {
  readonly plan: ReplayPlan;
  /** First position of the log. */
  readonly firstSeq: Seq;
  readonly filter: Filter;
  readonly target: SettledPositions;
  readonly subscription: SettledPositions;
}

export interface ReplayStepResult {
  readonly found: FoundReplay;
  readonly isOpen: boolean;
  readonly parked: number;
  /** When the first of the parked copies is due; null: none was parked. */
  readonly dueAtMs: TimeMs | null;
}

interface Candidate extends ReplayCandidate {
  readonly letter: { readonly id: number; readonly attempts: number } | null;
}

interface StepRequest extends Moment {
  readonly id: ReplayId;
  readonly reading: ReplayReading;
  readonly copiesMax: number;
}

/** Parks the next copies of a replay, and moves the replay past them. Returns null if the replay has ended. */
export function stepReplay(
  db: DatabaseSync,
  { id, reading, copiesMax, nowMs, wallMs }: StepRequest,
): ReplayStepResult | null {
  const before = readReplay(db, { id });
  if (before === null || before.row.state !== "running") return null;
  const { row, waiting } = before;
  const start = startOf(row, reading);
  const range = { position: start, through: row.through, max: limits.replayExaminedMax };
  const isMoving = row.paused === 0 && start < row.through;
  const part = isMoving ? examine(db, reading, range) : { candidates: [], end: start };
  const chosen = chooseCopies(row, part, nowMs, { waiting, max: copiesMax });
  for (const copy of chosen.copies) park(db, id, reading.plan, copy, wallMs);
  // A dead letter whose message will be delivered anyway is removed, as by a redrive.
  if (reading.plan.source.kind === "dead-letters") {
    for (const { letter } of chosen.skipped) removeDeadLetter(db, letter?.id ?? null);
  }
  const position = Math.max(start, chosen.position);
  const isDone = position >= row.through && waitingOf(db, id) === 0;
  const update = `UPDATE replay SET position = ?, examined = examined + ?, parked = parked + ?, skipped = skipped + ?,
    expired = expired + ?, next_at = ?, state = ?, ended_at = ?, is_open = ? WHERE id = ?`;
  const { copies, skipped, examined, nextAt } = chosen;
  const counts = [examined, copies.length, skipped.length, start - row.position] as const;
  run(db, update, position, ...counts, nextAt, isDone ? "done" : row.state, isDone ? wallMs : null, isDone ? 0 : 1, id);
  const found = readReplay(db, { id }) as FoundReplay;
  return { found, isOpen: !isDone, parked: copies.length, dueAtMs: copies[0]?.dueAtMs ?? null };
}

/** The position of a replay, after the messages that have expired. */
function startOf({ position, through }: ReplayRow, { plan, firstSeq }: ReplayReading): number {
  return plan.source.kind === "messages" ? Math.max(position, Math.min(firstSeq - 1, through)) : position;
}

/** Counts a part of what a replay would send. */
export function countReplay(
  db: DatabaseSync,
  { reading, range }: { readonly reading: ReplayReading; readonly range: ExaminedRange },
): CountedPart {
  return countedPart(examine(db, reading, range));
}

function examine(db: DatabaseSync, reading: ReplayReading, range: ExaminedRange): ExaminedPart<Candidate> {
  const { plan } = reading;
  return plan.source.kind === "messages"
    ? examineLog(db, reading, plan.source, range)
    : examineLetters(db, reading, plan.source, range);
}

interface ExaminedMessage {
  readonly seq: Seq;
  readonly tags: string | null;
  readonly type: string | null;
}

function examineLog(
  db: DatabaseSync,
  { plan, filter, subscription, target }: ReplayReading,
  { types, only }: ReplaySource & { readonly kind: "messages" },
  { position, through, max }: ExaminedRange,
): ExaminedPart<Candidate> {
  const { topicId, subscriptionId, targetId } = plan;
  const log = `SELECT id & ${SEQ_MASK_SQL} AS seq, tags, type FROM message WHERE id >= ? AND id <= ? ORDER BY id LIMIT ?`;
  const ends = [messageIdToBigInt(topicId, position + 1), messageIdToBigInt(topicId, through)] as const;
  const rows = all<ExaminedMessage>(db, log, ...ends, max);
  const [isForTarget, isWanted] = [compileFilter(filter), compileFilter({ tags: [], types })];
  const settled = toPositions(subscription);
  const pending = pendingAt(db, targetId, target);
  const candidates = rows.map(({ seq, tags, type }) => {
    const message = { tags: tags === null ? [] : (JSON.parse(tags) as string[]), type };
    const matches =
      isForTarget(message) &&
      isWanted(message) &&
      (only === "all" || hasFailed(db, { topicId, subscriptionId, seq, settled }));
    const letter = matches ? letterOf(db, targetId, seq) : null;
    return { at: seq, seq, matches, isPending: matches && pending(seq), letter };
  });
  return { candidates, end: rows.length < max ? through : (rows.at(-1)?.seq ?? through) };
}

/** Whether the delivery was given up, as `deliveryState` judges it. */
function hasFailed(
  db: DatabaseSync,
  input: {
    readonly topicId: TopicId;
    readonly subscriptionId: SubscriptionId;
    readonly seq: Seq;
    readonly settled: Positions;
  },
): boolean {
  const { topicId, subscriptionId, seq, settled } = input;
  if (!settled.has(seq) || settled.isParkedSoon(seq)) return false;
  if (get(db, "SELECT 1 FROM parked WHERE subscription_id = ? AND seq = ?", subscriptionId, seq) !== undefined) {
    return false;
  }
  if (letterOf(db, subscriptionId, seq) !== null) return true;
  const last = `SELECT verdict FROM attempt WHERE topic_id = ? AND seq = ? AND +subscription_id = ?
    ORDER BY id DESC LIMIT 1`;
  const attempt = get<{ verdict: number }>(db, last, topicId, seq, subscriptionId);
  return attempt !== undefined && attempt.verdict !== 0;
}

interface Letter {
  readonly id: number;
  readonly seq: Seq;
  readonly attempts: number;
  readonly reason: string;
  readonly status: number | null;
  readonly diedAtMs: TimeMs;
}

function examineLetters(
  db: DatabaseSync,
  { plan: { subscriptionId }, target }: ReplayReading,
  source: ReplaySource & { readonly kind: "dead-letters" },
  { position, through, max }: ExaminedRange,
): ExaminedPart<Candidate> {
  const listed = `SELECT id, seq, attempts, reason, last_status AS status, died_at AS diedAtMs FROM dead_letter
    WHERE subscription_id = ? AND redriven_at IS NULL AND id > ? AND id <= ? ORDER BY id LIMIT ?`;
  const rows = all<Letter>(db, listed, subscriptionId, position, through, max);
  const pending = pendingAt(db, subscriptionId, target);
  const candidates = rows.map((letter) => {
    const { id, seq, attempts } = letter;
    const matches = isWanted(source, letter);
    return { at: id, seq, matches, isPending: matches && pending(seq), letter: { id, attempts } };
  });
  return { candidates, end: rows.length < max ? through : (rows.at(-1)?.id ?? through) };
}

function isWanted(
  { reasons, statuses, fromMs, toMs }: ReplaySource & { readonly kind: "dead-letters" },
  { reason, status, diedAtMs }: Letter,
): boolean {
  return (
    (reasons.length === 0 || (reasons as readonly string[]).includes(reason)) &&
    (statuses.length === 0 || (status !== null && statuses.includes(status))) &&
    (fromMs === null || diedAtMs >= fromMs) &&
    (toMs === null || diedAtMs <= toMs)
  );
}

function park(
  db: DatabaseSync,
  id: ReplayId,
  { targetId, topicId, order }: ReplayPlan,
  { candidate: { seq, letter }, dueAtMs }: ChosenCopies<Candidate>["copies"][number],
  wallMs: TimeMs,
): void {
  const isApart = order === "separate";
  parkCopy(db, { replayId: id, subscriptionId: targetId, topicId, seq, letter, dueAtMs, isApart, wallMs });
}

/** Parks a copy of a settled delivery. With `letter`, the copy redrives this dead letter. */
export function parkCopy(
  db: DatabaseSync,
  copy: {
    /** null: the copy belongs to no replay. */
    readonly replayId: ReplayId | null;
    readonly subscriptionId: SubscriptionId;
    readonly topicId: TopicId;
    readonly seq: Seq;
    readonly letter: Candidate["letter"];
    readonly dueAtMs: TimeMs;
    readonly isApart: boolean;
    readonly wallMs: TimeMs;
  },
): void {
  const { replayId, subscriptionId, topicId, seq, letter, dueAtMs, isApart, wallMs } = copy;
  const attempts = letter?.attempts ?? attemptsOf(db, topicId, subscriptionId, seq);
  const insert = `INSERT INTO parked (subscription_id, seq, due_at, attempts, retries, dead_letter_id, replay_id, apart)
    VALUES (?, ?, ?, ?, 0, ?, ?, ?)`;
  run(db, insert, subscriptionId, seq, dueAtMs, attempts, letter?.id ?? null, replayId, isApart ? 1 : 0);
  if (letter !== null) run(db, "UPDATE dead_letter SET redriven_at = ? WHERE id = ?", wallMs, letter.id);
}

/** Returns a function that returns whether the subscription still has to deliver a message. */
function pendingAt(db: DatabaseSync, id: SubscriptionId, settled: SettledPositions): (seq: Seq) => boolean {
  const positions = toPositions(settled);
  const parked = "SELECT 1 FROM parked WHERE subscription_id = ? AND seq = ?";
  return (seq) => !positions.has(seq) || positions.isParkedSoon(seq) || get(db, parked, id, seq) !== undefined;
}

export function letterOf(db: DatabaseSync, id: SubscriptionId, seq: Seq): Candidate["letter"] {
  const listed = `SELECT id, attempts FROM dead_letter WHERE subscription_id = ? AND seq = ? AND redriven_at IS NULL
    ORDER BY id DESC LIMIT 1`;
  return get<{ id: number; attempts: number }>(db, listed, id, seq) ?? null;
}

/** Returns how many attempts to deliver the message are recorded. */
function attemptsOf(db: DatabaseSync, topicId: TopicId, id: SubscriptionId, seq: Seq): number {
  const last = "SELECT max(attempt) AS attempts FROM attempt WHERE topic_id = ? AND seq = ? AND +subscription_id = ?";
  return get<{ attempts: number | null }>(db, last, topicId, seq, id)?.attempts ?? 0;
}

interface Positions {
  has(seq: Seq): boolean;
  isParkedSoon(seq: Seq): boolean;
}

function toPositions({ settledThrough, done, parkedSoon }: SettledPositions): Positions {
  const [ahead, soon] = [new Set(done), new Set(parkedSoon)];
  return { has: (seq) => seq <= settledThrough || ahead.has(seq), isParkedSoon: (seq) => soon.has(seq) };
}
