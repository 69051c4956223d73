import type { DatabaseSync } from "node:sqlite";
import { limits } from "../../../domain/limits.ts";
import type {
  Account,
  AccountId,
  Seq,
  SubscriptionId,
  SubscriptionState,
  TimeMs,
  TopicId,
} from "../../../domain/model.ts";
import { get, run, single } from "../statements.ts";

/** Writes of the catalog. The caller has checked everything before. */

/** Creates or changes the default account. Adds 1 to the number of starts on this database, and returns it. */
export function begin(
  db: DatabaseSync,
  { name, appId, nowMs }: { readonly name: string; readonly appId: number; readonly nowMs: TimeMs },
): { readonly account: Account; readonly start: number } {
  const upsert = `INSERT INTO account (name, app_id, created_at) VALUES (?, ?, ?)
    ON CONFLICT (name) DO UPDATE SET app_id = excluded.app_id RETURNING id`;
  const { id } = single<{ id: AccountId }>(db, upsert, name, appId, nowMs);
  const { count } = single<{ count: number }>(db, "UPDATE start SET count = count + 1 RETURNING count");
  return { account: { id, name, appId }, start: count };
}

/** Returns null when `topicsEverMax` topics have been created. */
export function insertTopic(
  db: DatabaseSync,
  input: { readonly accountId: AccountId; readonly name: string; readonly settings: string; readonly nowMs: TimeMs },
): TopicId | null {
  // A message id has a limited number of bits for the topic, and no id is used twice.
  const last = get<{ seq: number }>(db, "SELECT seq FROM sqlite_sequence WHERE name = 'topic'");
  if (last !== undefined && last.seq >= limits.topicsEverMax) return null;
  const { accountId, name, settings, nowMs } = input;
  const insert = `INSERT INTO topic (account_id, name, settings, created_at, updated_at) VALUES (?, ?, ?, ?, ?)
    RETURNING id`;
  const { id } = single<{ id: TopicId }>(db, insert, accountId, name, settings, nowMs, nowMs);
  run(db, "INSERT INTO topic_log (topic_id, first_seq, last_seq, last_published_at) VALUES (?, 1, 0, 0)", id);
  return id;
}

export function updateTopic(
  db: DatabaseSync,
  { id, settings, nowMs }: { readonly id: TopicId; readonly settings: string; readonly nowMs: TimeMs },
): void {
  run(db, "UPDATE topic SET version = version + 1, settings = ?, updated_at = ? WHERE id = ?", settings, nowMs, id);
}

/** Removes the catalog's rows at once; retention removes the log and the records later. */
export function removeTopic(db: DatabaseSync, { id }: { readonly id: TopicId }): void {
  const ofTopic = "SELECT id FROM subscription WHERE topic_id = ?";
  run(db, "INSERT OR IGNORE INTO removed (kind, id) VALUES ('topic', ?)", id);
  run(db, `INSERT OR IGNORE INTO removed (kind, id) SELECT 'subscription', id FROM (${ofTopic})`, id);
  run(db, `DELETE FROM cursor WHERE subscription_id IN (${ofTopic})`, id);
  run(db, "DELETE FROM subscription WHERE topic_id = ?", id);
  run(db, "DELETE FROM topic_log WHERE topic_id = ?", id);
  run(db, "DELETE FROM topic WHERE id = ?", id);
}

export function insertSubscription(
  db: DatabaseSync,
  input: {
    readonly accountId: AccountId;
    readonly topicId: TopicId;
    readonly name: string;
    readonly settings: string;
    readonly settledThrough: Seq;
    readonly nowMs: TimeMs;
  },
): SubscriptionId {
  const { accountId, topicId, name, settings, settledThrough, nowMs } = input;
  const insert = `INSERT INTO subscription (account_id, topic_id, name, state, settings, created_at, updated_at)
    VALUES (?, ?, ?, 'active', ?, ?, ?) RETURNING id`;
  const { id } = single<{ id: SubscriptionId }>(db, insert, accountId, topicId, name, settings, nowMs, nowMs);
  run(db, "INSERT INTO cursor (subscription_id, settled_through) VALUES (?, ?)", id, settledThrough);
  return id;
}

export function updateSubscription(
  db: DatabaseSync,
  input: {
    readonly id: SubscriptionId;
    readonly settings: string;
    /** The subscription is no longer ordered: held deliveries become due. */
    readonly releaseHeld: boolean;
    readonly nowMs: TimeMs;
  },
): void {
  const { id, settings, releaseHeld, nowMs } = input;
  const update = "UPDATE subscription SET version = version + 1, settings = ?, updated_at = ? WHERE id = ?";
  run(db, update, settings, nowMs, id);
  if (!releaseHeld) return;
  const release = `UPDATE parked SET due_at = coalesce(due_at, ?), ordering_key = NULL
    WHERE subscription_id = ? AND ordering_key IS NOT NULL`;
  run(db, release, nowMs, id);
}

export function setSubscriptionState(
  db: DatabaseSync,
  { id, state, nowMs }: { readonly id: SubscriptionId; readonly state: SubscriptionState; readonly nowMs: TimeMs },
): void {
  run(db, "UPDATE subscription SET version = version + 1, state = ?, updated_at = ? WHERE id = ?", state, nowMs, id);
}

export function removeSubscription(db: DatabaseSync, { id }: { readonly id: SubscriptionId }): void {
  run(db, "INSERT OR IGNORE INTO removed (kind, id) VALUES ('subscription', ?)", id);
  run(db, "DELETE FROM cursor WHERE subscription_id = ?", id);
  run(db, "DELETE FROM subscription WHERE id = ?", id);
}
