import type { DatabaseSync } from "node:sqlite";
import type { Account, AccountId, Seq, Subscription, TimeMs, Topic } from "../../../domain/model.ts";
import {
  isReusable,
  newTopicNumber,
  type NewTopicNumber,
  type ReleasedNumber,
  type TopicNumberLimits,
} from "../../../domain/topic-number.ts";
import type { HealthChange } from "../../catalog.ts";
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

/** The app id of an account is not in this table, except that of the default account. */
export function ensureAccount(
  db: DatabaseSync,
  { name, wallMs }: Pick<Account, "name"> & { readonly wallMs: TimeMs },
): AccountId {
  const insert = "INSERT INTO account (name, app_id, created_at) VALUES (?, 0, ?) ON CONFLICT (name) DO NOTHING";
  run(db, insert, name, wallMs);
  return single<{ id: AccountId }>(db, "SELECT id FROM account WHERE name = ?", name).id;
}

/** Returns false if the account has topics or entries. */
export function removeAccount(db: DatabaseSync, { id }: Pick<Account, "id">): boolean {
  run(db, "DELETE FROM replay WHERE account_id = ?", id);
  const remove = `DELETE FROM account WHERE id = ? AND NOT EXISTS (SELECT 1 FROM topic WHERE account_id = account.id)
    AND NOT EXISTS (SELECT 1 FROM entry WHERE account_id = account.id)`;
  run(db, remove, id);
  return get(db, "SELECT id FROM account WHERE id = ?", id) === undefined;
}

/** Records a clean stop. */
export function end(db: DatabaseSync): void {
  run(db, "DELETE FROM running");
}

/** Returns null when no number is left for the topic. */
export function insertTopic(
  db: DatabaseSync,
  {
    accountId,
    name,
    settings,
    wallMs,
    numberLimits,
  }: Pick<Topic, "accountId" | "name"> & Settings & { readonly numberLimits: TopicNumberLimits | undefined },
): NewTopicNumber | null {
  const { last, key } = single<{ last: number; key: Uint8Array }>(db, "SELECT last, key FROM topic_number");
  const released = get<ReleasedNumber & { readonly order: number; readonly later: number }>(
    db,
    `SELECT id AS "order", topic_id AS topicId, last_seq AS lastSeq, (SELECT max(id) FROM released_number) - id AS later
       FROM released_number ORDER BY id LIMIT 1`,
  );
  const chosen = newTopicNumber({ last, key, released: released ?? null }, numberLimits);
  if (chosen === null) return null;
  const { id, firstSeq, isReused } = chosen;
  if (isReused) run(db, "DELETE FROM released_number WHERE id = ?", released?.order ?? null);
  else run(db, "UPDATE topic_number SET last = last + 1");
  const insert = "INSERT INTO topic (id, account_id, name, settings, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?)";
  run(db, insert, id, accountId, name, settings, wallMs, wallMs);
  const log = "INSERT INTO topic_log (topic_id, first_seq, last_seq, last_published_at) VALUES (?, ?, ?, 0)";
  run(db, log, id, firstSeq, firstSeq - 1);
  return chosen;
}

export function updateTopic(db: DatabaseSync, { id, settings, wallMs }: Pick<Topic, "id"> & Settings): void {
  run(db, "UPDATE topic SET version = version + 1, settings = ?, updated_at = ? WHERE id = ?", settings, wallMs, id);
}

/** Removes the catalog's rows at once; retention removes the log and the records later. */
export function removeTopic(db: DatabaseSync, { id }: Pick<Topic, "id">): void {
  const ofTopic = "SELECT id FROM subscription WHERE topic_id = ?";
  const { lastSeq } = single<{ lastSeq: Seq }>(db, "SELECT last_seq AS lastSeq FROM topic_log WHERE topic_id = ?", id);
  const keptSeq = isReusable({ topicId: id, lastSeq }) ? lastSeq : null;
  run(db, "INSERT OR IGNORE INTO removed (kind, id, last_seq) VALUES ('topic', ?, ?)", id, keptSeq);
  run(db, `INSERT OR IGNORE INTO removed (kind, id) SELECT 'subscription', id FROM (${ofTopic})`, id);
  run(db, `DELETE FROM cursor WHERE subscription_id IN (${ofTopic})`, id);
  run(db, "DELETE FROM subscription WHERE topic_id = ?", id);
  run(db, "DELETE FROM topic_log WHERE topic_id = ?", id);
  run(db, "DELETE FROM topic WHERE id = ?", id);
}

export function insertSubscription(
  db: DatabaseSync,
  input: Pick<Subscription, "id" | "accountId" | "topicId" | "name"> & Settings & { readonly settledThrough: Seq },
): void {
  const { id, accountId, topicId, name, settings, settledThrough, wallMs } = input;
  const insert = `INSERT INTO subscription (id, account_id, topic_id, name, state, settings, created_at, updated_at)
    VALUES (?, ?, ?, ?, 'active', ?, ?, ?)`;
  run(db, insert, id, accountId, topicId, name, settings, wallMs, wallMs);
  run(db, "INSERT INTO cursor (subscription_id, settled_through) VALUES (?, ?)", id, settledThrough);
}

/** `releaseHeldMs`: the order has changed, so held deliveries are due at this time; null: it has not changed. */
export function updateSubscription(
  db: DatabaseSync,
  {
    id,
    settings,
    keepsHealth,
    releaseHeldMs,
    wallMs,
  }: Pick<Subscription, "id"> & Settings & { readonly keepsHealth: boolean; readonly releaseHeldMs: TimeMs | null },
): void {
  const update = `UPDATE subscription SET version = version + 1, settings = ?, updated_at = ?,
    health = iif(?, health, NULL) WHERE id = ?`;
  run(db, update, settings, wallMs, keepsHealth ? 1 : 0, id);
  if (releaseHeldMs === null) return;
  const release = `UPDATE parked SET due_at = coalesce(due_at, ?), ordering_key = NULL
    WHERE subscription_id = ? AND ordering_key IS NOT NULL`;
  run(db, release, releaseHeldMs, id);
}

export function setSubscriptionState(
  db: DatabaseSync,
  { id, state, disabled, wallMs }: Pick<Subscription, "id"> & StateColumns & { readonly wallMs: TimeMs },
): void {
  const update = `UPDATE subscription SET version = version + 1, state = ?, disabled = ?, health = NULL, updated_at = ?
    WHERE id = ?`;
  run(db, update, state, disabled, wallMs, id);
}

export function setSubscriptionHealth(
  db: DatabaseSync,
  { id, health, waited }: Pick<Subscription, "id"> & Pick<HealthChange, "waited"> & { readonly health: string | null },
): void {
  run(db, "UPDATE subscription SET health = ? WHERE id = ?", health, id);
  if (waited === null) return;
  const move = `UPDATE parked SET first_attempt_at = max(first_attempt_at, min(first_attempt_at + ?, ?))
    WHERE subscription_id = ? AND first_attempt_at IS NOT NULL`;
  run(db, move, waited.waitedMs, waited.nowMs, id);
}

export function removeSubscription(db: DatabaseSync, { id }: Pick<Subscription, "id">): void {
  run(db, "INSERT OR IGNORE INTO removed (kind, id) VALUES ('subscription', ?)", id);
  run(db, "DELETE FROM cursor WHERE subscription_id = ?", id);
  run(db, "DELETE FROM subscription WHERE id = ?", id);
}
