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
import { statement } from "../statements.ts";

/** Writes of the catalog. The caller has checked everything before. */

/** Creates or changes the default account, and counts a start of the database. Returns the number of starts. */
export function begin(
  db: DatabaseSync,
  { name, appId, nowMs }: { readonly name: string; readonly appId: number; readonly nowMs: TimeMs },
): { readonly account: Account; readonly start: number } {
  const { id } = statement(
    db,
    `INSERT INTO account (name, app_id, created_at) VALUES (?, ?, ?)
     ON CONFLICT (name) DO UPDATE SET app_id = excluded.app_id RETURNING id`,
  ).get(name, appId, nowMs) as { id: AccountId };
  const { count } = statement(db, "UPDATE start SET count = count + 1 RETURNING count").get() as { count: number };
  return { account: { id, name, appId }, start: count };
}

/** `id` is null when `topicsEverMax` topics have been created. */
export function insertTopic(
  db: DatabaseSync,
  input: {
    readonly accountId: AccountId;
    readonly name: string;
    readonly settings: string;
    readonly nowMs: TimeMs;
  },
): { readonly id: TopicId | null } {
  // A message id has a limited number of bits for the topic, and no id is used twice.
  const last = statement(db, "SELECT seq FROM sqlite_sequence WHERE name = 'topic'").get() as
    | { seq: number }
    | undefined;
  if (last !== undefined && last.seq >= limits.topicsEverMax) return { id: null };
  const { accountId, name, settings, nowMs } = input;
  const { lastInsertRowid } = statement(
    db,
    "INSERT INTO topic (account_id, name, settings, created_at, updated_at) VALUES (?, ?, ?, ?, ?)",
  ).run(accountId, name, settings, nowMs, nowMs);
  const id = Number(lastInsertRowid);
  statement(db, "INSERT INTO topic_log (topic_id, first_seq, last_seq, last_published_at) VALUES (?, 1, 0, 0)").run(id);
  return { id: id as TopicId };
}

export function updateTopic(
  db: DatabaseSync,
  input: { readonly id: TopicId; readonly settings: string; readonly nowMs: TimeMs },
): void {
  statement(db, "UPDATE topic SET version = version + 1, settings = ?, updated_at = ? WHERE id = ?").run(
    input.settings,
    input.nowMs,
    input.id,
  );
}

/** Removes the catalog's rows at once; retention removes the log and the records later. */
export function removeTopic(db: DatabaseSync, input: { readonly id: TopicId }): void {
  statement(db, "INSERT OR IGNORE INTO removed (kind, id) VALUES ('topic', ?)").run(input.id);
  statement(
    db,
    "INSERT OR IGNORE INTO removed (kind, id) SELECT 'subscription', id FROM subscription WHERE topic_id = ?",
  ).run(input.id);
  statement(db, "DELETE FROM cursor WHERE subscription_id IN (SELECT id FROM subscription WHERE topic_id = ?)").run(
    input.id,
  );
  statement(db, "DELETE FROM subscription WHERE topic_id = ?").run(input.id);
  statement(db, "DELETE FROM topic_log WHERE topic_id = ?").run(input.id);
  statement(db, "DELETE FROM topic WHERE id = ?").run(input.id);
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
): { readonly id: SubscriptionId } {
  const { lastInsertRowid } = statement(
    db,
    `INSERT INTO subscription (account_id, topic_id, name, state, settings, created_at, updated_at)
       VALUES (?, ?, ?, 'active', ?, ?, ?)`,
  ).run(input.accountId, input.topicId, input.name, input.settings, input.nowMs, input.nowMs);
  const id = Number(lastInsertRowid);
  statement(db, "INSERT INTO cursor (subscription_id, settled_through) VALUES (?, ?)").run(id, input.settledThrough);
  return { id: id as SubscriptionId };
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
  statement(db, "UPDATE subscription SET version = version + 1, settings = ?, updated_at = ? WHERE id = ?").run(
    input.settings,
    input.nowMs,
    input.id,
  );
  if (!input.releaseHeld) return;
  statement(
    db,
    `UPDATE parked SET due_at = coalesce(due_at, ?), ordering_key = NULL
     WHERE subscription_id = ? AND ordering_key IS NOT NULL`,
  ).run(input.nowMs, input.id);
}

export function setSubscriptionState(
  db: DatabaseSync,
  input: { readonly id: SubscriptionId; readonly state: SubscriptionState; readonly nowMs: TimeMs },
): void {
  statement(db, "UPDATE subscription SET version = version + 1, state = ?, updated_at = ? WHERE id = ?").run(
    input.state,
    input.nowMs,
    input.id,
  );
}

export function removeSubscription(db: DatabaseSync, input: { readonly id: SubscriptionId }): void {
  statement(db, "INSERT OR IGNORE INTO removed (kind, id) VALUES ('subscription', ?)").run(input.id);
  statement(db, "DELETE FROM cursor WHERE subscription_id = ?").run(input.id);
  statement(db, "DELETE FROM subscription WHERE id = ?").run(input.id);
}
