/** Counts of events per minute and per hour. The store never reads the counts of a row. */

import type { AccountId, SubscriptionId, TimeMs, TopicId } from "../domain/model.ts";

/** The things whose events a row counts: of an account, of one of its topics, or of one subscription. */
export interface TallyOwner {
  readonly accountId: AccountId;
  /** null: of the whole account. */
  readonly topicId: TopicId | null;
  /** null: of the whole topic or account. */
  readonly subscriptionId: SubscriptionId | null;
}

/** The lengths of steps: a row counts the events of one minute or of one hour. */
export const tallySteps = { minute: 60_000, hour: 3_600_000 } as const;
export type TallyStepMs = (typeof tallySteps)[keyof typeof tallySteps];

export interface TallyRow extends TallyOwner {
  readonly stepMs: TallyStepMs;
  /** The begin of the step, in Unix time; a multiple of `stepMs`. */
  readonly atMs: TimeMs;
  /** Names the process that has counted. Each process has rows of its own, so that no row is changed by two. */
  readonly writer: string;
  /** A JSON value. */
  readonly counts: unknown;
}

export interface TallyRange extends TallyOwner {
  readonly stepMs: TallyStepMs;
  readonly fromMs: TimeMs;
  /** Rows of this time and later ones are not read. */
  readonly toMs: TimeMs;
}

export interface TallyStore {
  /** Writes all rows in one commit, or none. A row replaces an earlier one of the same writer, owner and step. */
  write(rows: readonly TallyRow[]): Promise<void>;
  /** Returns the rows of the owner itself, sorted by time. The caller bounds the range. */
  read(range: TallyRange): Promise<readonly Pick<TallyRow, "atMs" | "writer" | "counts">[]>;
  /** Deletes some old rows, in one short commit. Returns true if there may be more. */
  trim(before: { readonly minutesMs: TimeMs; readonly hoursMs: TimeMs }): Promise<boolean>;
  /** Deletes some rows of a deleted account, in one short commit. Returns true if there may be more. */
  deleteSome(accountId: AccountId): Promise<boolean>;
}

/** Rows that one call of `trim` or `deleteSome` deletes at most. */
export const talliesDeletedMax = 2_000;

/** A row of the table `tally` in both databases. 0 stands for null in ids, which begin at 1. */
export interface StoredTally {
  readonly account_id: number;
  readonly topic_id: number;
  readonly subscription_id: number;
  readonly step_ms: number;
  readonly happened_at: TimeMs;
  readonly writer: string;
  readonly counts: string;
}

export const tallyColumns = [
  "account_id",
  "topic_id",
  "subscription_id",
  "step_ms",
  "happened_at",
  "writer",
  "counts",
] as const;

export function toStoredTally(row: TallyRow): StoredTally {
  const { accountId, topicId, subscriptionId, stepMs, atMs, writer, counts } = row;
  return {
    account_id: accountId,
    topic_id: topicId ?? 0,
    subscription_id: subscriptionId ?? 0,
    step_ms: stepMs,
    happened_at: atMs,
    writer,
    counts: JSON.stringify(counts),
  };
}

export function tallyOf({ happened_at, writer, counts }: Pick<StoredTally, "happened_at" | "writer" | "counts">) {
  return { atMs: happened_at, writer, counts: JSON.parse(counts) as unknown };
}
