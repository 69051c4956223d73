/**
 * Replays: stored jobs that send messages of a topic, or dead letters, again. A step of a replay reads a bounded piece
 * of the log from its position, parks copies as deliveries of the target, and moves the position, in one transaction.
 * So at most one copy of a message is parked per replay, however often the process ends between two steps. A copy is a
 * parked delivery with all retries left, which refers to its replay until it has ended.
 */

import { RingbackError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import type { AccountId, DeadReason, Seq, SubscriptionId, TimeMs, TopicId } from "../domain/model.ts";
import type { Page, PageRequest } from "./page.ts";
import { randomId } from "./random-id.ts";

declare const replayBrand: unique symbol;
export type ReplayId = number & { readonly [replayBrand]: "ReplayId" };

/** The messages or dead letters that a replay sends. Both ends of a range are included. */
export type ReplaySource =
  | {
      readonly kind: "messages";
      readonly fromSeq: Seq;
      readonly toSeq: Seq;
      /** Patterns of types. Empty: any type. */
      readonly types: readonly string[];
      /** `failed`: only messages whose delivery to the subscription was given up, as `deliveryState` shows it. */
      readonly only: "all" | "failed";
    }
  | {
      /** Also dead letters of which a copy waits when the replay begins, and fails before the replay reaches them. */
      readonly kind: "dead-letters";
      /** Empty: any reason. */
      readonly reasons: readonly DeadReason[];
      /** Statuses of the last reply. Empty: any status, or no reply. */
      readonly statuses: readonly number[];
      /** Time of death; null: any. */
      readonly fromMs: TimeMs | null;
      readonly toMs: TimeMs | null;
    };

export interface ReplayPlan {
  readonly accountId: AccountId;
  readonly topicId: TopicId;
  readonly topic: string;
  /** The subscription whose failures or dead letters are meant. */
  readonly subscriptionId: SubscriptionId;
  readonly subscription: string;
  /** The subscription of the same topic that gets the copies. Its filter applies to messages, not to dead letters. */
  readonly targetId: SubscriptionId;
  readonly target: string;
  readonly source: ReplaySource;
  /**
   * `separate`: copies neither hold back other deliveries of an ordered subscription nor wait for them. `live`: copies
   * take part in the order, as redriven dead letters do.
   */
  readonly order: "separate" | "live";
}

export interface ReplayCount {
  /** The number of messages or dead letters that match; an upper bound unless `isExact`. */
  readonly matched: number;
  readonly isExact: boolean;
}

export interface NewReplay extends ReplayPlan, ReplayCount {
  /** null: as fast as the limits of a step allow. */
  readonly perSecond: number | null;
}

/** `subscription_deleted`: the subscription or the target does not exist any more. */
export type ReplayFailure = "subscription_deleted";

export interface Replay extends NewReplay {
  readonly id: ReplayId;
  readonly state: "running" | "paused" | "done" | "cancelled" | "failed";
  readonly reason: ReplayFailure | null;
  /** Positions of the log, or dead letters, that the replay has passed. Without expired positions. */
  readonly examined: number;
  /** Copies whose delivery has ended: delivered, or given up. */
  readonly sent: number;
  /** Copies that are not sent yet, wait for a retry, or are in flight. */
  readonly waiting: number;
  /** Matching messages that still waited for the target, also as a copy of another replay. No copy was parked. */
  readonly skipped: number;
  /** Positions of the range whose messages had expired before the replay reached them. */
  readonly expired: number;
  readonly createdAtMs: TimeMs;
  readonly endedAtMs: TimeMs | null;
}

export interface ReplayStep {
  readonly replay: Replay;
  /** False: the replay has ended and none of its copies waits, so it needs no further step. */
  readonly isOpen: boolean;
}

/** The positions of a log. `lastSeq` is `firstSeq - 1` when the log is empty. */
export interface LogRange {
  readonly firstSeq: Seq;
  readonly lastSeq: Seq;
}

export interface ReplayStore {
  /** Returns the ends of a log. null: there is no such topic. */
  logRange(topicId: TopicId): Promise<LogRange | null>;
  /** Returns the position of the first message published at or after a time, or the position after the last one. */
  seqAt(topicId: TopicId, atMs: TimeMs): Promise<Seq>;
  /** Examines at most `limits.replayCountedMax` positions or dead letters, and counts the others as matching. */
  count(plan: ReplayPlan): Promise<ReplayCount>;
  /**
   * Durable. Throws `replay_limit` if the account has `limits.replaysOpenMax` replays that have not ended. Of the ended
   * replays of the account, the oldest are removed when there are more than `limits.replaysKeptMax`.
   */
  create(replay: NewReplay): Promise<Replay>;
  /** Returns how many replays of the account have not ended. */
  openCount(accountId: AccountId): Promise<number>;
  get(accountId: AccountId, id: ReplayId): Promise<Replay | null>;
  /** Lists replays, newest first. */
  list(accountId: AccountId, page: PageRequest): Promise<Page<Replay>>;
  /** Changes nothing of a replay that has ended. */
  change(
    accountId: AccountId,
    id: ReplayId,
    change: { readonly perSecond?: number | null; readonly isPaused?: boolean },
  ): Promise<Replay | null>;
  /**
   * Ends a replay and removes those of its copies that are not in flight. Dead letters that these copies redrive are
   * listed again. Further steps remove copies that come back from an attempt. Returns null if there is no such replay;
   * a replay that has ended does not change.
   */
  cancel(accountId: AccountId, id: ReplayId): Promise<Replay | null>;
  /**
   * Calls the listener with the target of each replay that is cancelled, also by another process. Copies that are
   * claimed and not started should then be released. A call may be lost.
   */
  onCancelled(listener: (targetId: SubscriptionId) => void): void;
  /** Removes an ended replay, none of whose copies waits, from the list. Returns whether it was removed. */
  remove(accountId: AccountId, id: ReplayId): Promise<boolean>;
  /**
   * Returns the replays that this process runs from now on, at most `max`: those that no live process runs. The lease
   * of each lasts `leaseMs`, and every step renews it.
   */
  acquire(max: number, leaseMs: number): Promise<readonly ReplayId[]>;
  /**
   * Advances a replay. null: this process does not run the replay. Parks at most `copiesMax` copies, which is at most
   * `limits.replayParkedMax`. Parks none while `limits.replayWaitingMax` copies of the replay wait, and none that would
   * be due after `limits.replayAheadMs`.
   */
  step(id: ReplayId, leaseMs: number, copiesMax: number): Promise<ReplayStep | null>;
  /** Removes replays that ended before `limits.replayKeptMs`, in one bounded step. */
  trim(): Promise<void>;
}

/** The account has as many replays that have not ended as it may have. */
export function replayLimit(): RingbackError {
  const sentence = `The account has ${limits.replaysOpenMax} replays that have not ended, which is the most. Cancel one of them with DELETE /v1/replays/{id}, or wait until one has ended.`;
  return new RingbackError("replay_limit", sentence);
}

/** The columns of the table `replay`, which is the same in both drivers. */
export interface ReplayRow {
  readonly id: ReplayId;
  readonly account_id: AccountId;
  /** `ReplayPlan` and the count, as JSON. */
  readonly plan: string;
  readonly target_id: SubscriptionId;
  readonly per_second: number | null;
  /** `running`, also while it is paused; `done`, `cancelled` or `failed`. */
  readonly state: string;
  readonly reason: ReplayFailure | null;
  readonly paused: boolean | number;
  /** The last position, or id of a dead letter, that was examined; the last one to examine. */
  readonly position: number;
  readonly through: number;
  readonly examined: number;
  readonly parked: number;
  readonly skipped: number;
  readonly expired: number;
  /** When the next copy is due by `per_second`, in steady time. */
  readonly next_at: number;
  readonly created_at: TimeMs;
  readonly ended_at: TimeMs | null;
}

export const replayColumns = `id, account_id, plan, target_id, per_second, state, reason, paused, position, through,
  examined, parked, skipped, expired, next_at, created_at, ended_at`;

export function toReplay(row: ReplayRow, waiting: number): Replay {
  const isPaused = row.state === "running" && Boolean(row.paused);
  return {
    ...planOf(row),
    id: row.id,
    perSecond: row.per_second,
    state: isPaused ? "paused" : (row.state as Replay["state"]),
    reason: row.reason,
    examined: row.examined,
    sent: Math.max(0, row.parked - waiting),
    waiting,
    skipped: row.skipped,
    expired: row.expired,
    createdAtMs: row.created_at,
    endedAtMs: row.ended_at,
  };
}

export function planOf({ plan }: Pick<ReplayRow, "plan">): ReplayPlan & ReplayCount {
  return JSON.parse(plan) as ReplayPlan & ReplayCount;
}

export function planText({ perSecond: _perSecond, ...plan }: NewReplay): string {
  return JSON.stringify(plan);
}

/** The first position before the range, and its end. `lastDeadLetterId`: the newest dead letter. */
export function rangeOf({ source }: ReplayPlan, lastDeadLetterId: number): Pick<ReplayRow, "position" | "through"> {
  if (source.kind === "dead-letters") return { position: 0, through: lastDeadLetterId };
  return { position: source.fromSeq - 1, through: source.toSeq };
}

/** Returns null when no replay can have this id. */
export function toReplayId(text: string): ReplayId | null {
  const id = /^[1-9]\d{0,15}$/.test(text) ? Number(text) : Number.NaN;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the brand is given here.
  return Number.isSafeInteger(id) ? (id as ReplayId) : null;
}

/** The id below which a page of replays begins. Throws `invalid_cursor`. */
export function beforeReplay({ after }: PageRequest): number {
  if (after === null) return Number.MAX_SAFE_INTEGER;
  const id = toReplayId(after);
  if (id === null) throw new RingbackError("invalid_cursor");
  return id;
}

/** `replays` has one more than the limit when there is a next page. */
export function replayPage(replays: readonly Replay[], { limit }: PageRequest): Page<Replay> {
  const items = replays.slice(0, limit);
  return { items, next: replays.length > limit ? String(items.at(-1)?.id) : null };
}

/** Ids that one millisecond has. */
const IDS_PER_MS = 2_048;

/** Ids grow with time and fit into a number until the year 2109. The low bits show nothing about other replays. */
export function newReplayId(wallMs: TimeMs): ReplayId {
  return (wallMs * IDS_PER_MS + (randomId() % IDS_PER_MS)) as ReplayId;
}
