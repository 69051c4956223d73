import type { DatabaseSync } from "node:sqlite";
import { limits } from "../../../domain/limits.ts";
import type {
  Account,
  AccountId,
  Seq,
  Subscription,
  SubscriptionId,
  TimeMs,
  Topic,
  TopicId,
} from "../../../domain/model.ts";
import type { StateColumns } from "../../catalog-rows.ts";
import { get, run, single } from "../statements.ts";

/** Writes of the catalog. The caller has checked everything before. */

/** A write of settings, which are stored as text. */
interface Settings {
  readonly settings: string;
  readonly wallMs: TimeMs;
}

/**
 * Creates or changes the default account. Adds 1 to the number of starts on this database, and returns it.
 * `wasRunning`: the last server on this database did not stop cleanly.
 */
export function begin(
  db: DatabaseSync,
  { name, appId, wallMs }: Pick<Account, "name" | "appId"> & { readonly wallMs: TimeMs },
): { readonly account: Account; readonly start: number; readonly wasRunning: boolean } {
  const upsert = `INSERT INTO account (name, app_id, created_at) VALUES (?, ?, ?)
    ON CONFLICT (name) DO UPDATE SET app_id = excluded.app_id RETURNING id`;
  const { id } = single<{ id: AccountId }>(db, upsert, name, appId, wallMs);
  const { count } = single<{ count: number }>(db, "UPDATE start SET count = count + 1 RETURNING count");
  const wasRunning = get(db, "SELECT since FROM running") !== undefined;
  if (wasRunning) run(db, "UPDATE running SET since = ?", wallMs);
  else run(db, "INSERT INTO running (since) VALUES (?)", wallMs);
  return { account: { id, name, appId }, start: count, wasRunning };
}

/** Records a clean stop. */
export function end(db: DatabaseSync): void {
  run(db, "DELETE FROM running");
}

/** Returns null when `topicsEverMax` topics have been created. */
export function insertTopic(
  db: DatabaseSync,
  { accountId, name, settings, wallMs }: Pick<Topic, "accountId" | "name"> & Settings,
): TopicId | null {
  // A message id has a limited number of bits for the topic, and no id is used twice.
  const last = get<{ seq: number }>(db, "SELECT seq FROM sqlite_sequence WHERE name = 'topic'");
  if (last !== undefined && last.seq >= limits.topicsEverMax) return null;
  const insert = `INSERT INTO topic (account_id, name, settings, created_at, updated_at) VALUES (?, ?, ?, ?, ?)
    RETURNING id`;
  const { id } = single<{ id: TopicId }>(db, insert, accountId, name, settings, wallMs, wallMs);
  run(db, "INSERT INTO topic_log (topic_id, first_seq, last_seq, last_published_at) VALUES (?, 1, 0, 0)", id);
  return id;
}

export function updateTopic(db: DatabaseSync, { id, settings, wallMs }: Pick<Topic, "id"> & Settings): void {
  run(db, "UPDATE topic SET version = version + 1, settings = ?, updated_at = ? WHERE id = ?", settings, wallMs, id);
}

/** Removes the catalog's rows at once; retention removes the log and the records later. */
export function removeTopic(db: DatabaseSync, { id }: Pick<Topic, "id">): void {
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
  input: Pick<Subscription, "accountId" | "topicId" | "name"> & Settings & { readonly settledThrough: Seq },
): SubscriptionId {
  const { accountId, topicId, name, settings, settledThrough, wallMs } = input;
  const insert = `INSERT INTO subscription (account_id, topic_id, name, state, settings, created_at, updated_at)
    VALUES (?, ?, ?, 'active', ?, ?, ?) RETURNING id`;
  const { id } = single<{ id: SubscriptionId }>(db, insert, accountId, topicId, name, settings, wallMs, wallMs);
  run(db, "INSERT INTO cursor (subscription_id, settled_through) VALUES (?, ?)", id, settledThrough);
  return id;
}

/** `releaseHeldMs`: the order has changed, so held deliveries are due at this time; null: it has not changed. */
export function updateSubscription(
  db: DatabaseSync,
  {
    id,
    settings,
    releaseHeldMs,
    wallMs,
  }: Pick<Subscription, "id"> & Settings & { readonly releaseHeldMs: TimeMs | null },
): void {
  const update = "UPDATE subscription SET version = version + 1, settings = ?, updated_at = ? WHERE id = ?";
  run(db, update, settings, wallMs, id);
  if (releaseHeldMs === null) return;
  const release = `UPDATE parked SET due_at = coalesce(due_at, ?), ordering_key = NULL
    WHERE subscription_id = ? AND ordering_key IS NOT NULL`;
  run(db, release, releaseHeldMs, id);
}

export function setSubscriptionState(
  db: DatabaseSync,
  { id, state, disabled, wallMs }: Pick<Subscription, "id"> & StateColumns & { readonly wallMs: TimeMs },
): void {
  const update = "UPDATE subscription SET version = version + 1, state = ?, disabled = ?, updated_at = ? WHERE id = ?";
  run(db, update, state, disabled, wallMs, id);
}

export function removeSubscription(db: DatabaseSync, { id }: Pick<Subscription, "id">): void {
  run(db, "INSERT OR IGNORE INTO removed (kind, id) VALUES ('subscription', ?)", id);
  run(db, "DELETE FROM cursor WHERE subscription_id = ?", id);
  run(db, "DELETE FROM subscription WHERE id = ?", id);
}
