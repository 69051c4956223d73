import type { DatabaseSync } from "node:sqlite";
import type { Seq, SubscriptionId, TimeMs, TopicId } from "../../../domain/model.ts";
import type { TopicRow } from "../../catalog-rows.ts";
import { messageIdSql } from "../rows.ts";
import { all } from "../statements.ts";
import type { SubscriptionRow } from "../subscription-entry.ts";

/** The catalog without subscriptions, which the store reads at its start. */
export interface CatalogRows {
  readonly topics: (TopicRow & {
    readonly first_seq: Seq;
    readonly last_seq: Seq;
    /** null: the log is empty. */
    readonly oldest_at: TimeMs | null;
  })[];
  readonly parked: {
    readonly subscription_id: SubscriptionId;
    readonly count: number;
    readonly due_at: number | null;
    /** 1: some are apart from the order. */
    readonly apart: number;
  }[];
  readonly keys: { readonly subscription_id: SubscriptionId; readonly ordering_key: string; readonly count: number }[];
}

/** Settings are not parsed until they are needed. */
export interface StoredSubscription extends SubscriptionRow {
  readonly topic_id: TopicId;
  readonly settled_through: Seq;
  readonly ahead: Uint8Array | null;
}

/** Reads the next subscriptions after one. All of 100,000 in one answer would take 300 MB in the two threads. */
export function loadSubscriptions(
  db: DatabaseSync,
  { afterId, limit }: { readonly afterId: number; readonly limit: number },
): StoredSubscription[] {
  return all(
    db,
    `SELECT s.id, s.topic_id, s.name, s.state, s.disabled, s.health, s.version, s.settings, s.created_at AS createdAtMs,
       s.updated_at AS updatedAtMs, c.settled_through, c.ahead
     FROM subscription s JOIN cursor c ON c.subscription_id = s.id WHERE s.id > ? ORDER BY s.id LIMIT ?`,
    afterId,
    limit,
  );
}

export function loadCatalog(db: DatabaseSync): CatalogRows {
  return {
    topics: all(
      db,
      `SELECT t.*, l.first_seq, l.last_seq,
         (SELECT min(published_at, l.last_published_at) FROM message WHERE id = ${messageIdSql("t.id", "l.first_seq")}) AS oldest_at
       FROM topic t JOIN topic_log l ON l.topic_id = t.id`,
    ),
    parked: all(
      db,
      `SELECT subscription_id, count(*) AS count, min(due_at) AS due_at, max(apart) AS apart FROM parked
       GROUP BY subscription_id`,
    ),
    keys: all(
      db,
      `SELECT subscription_id, ordering_key, count(*) AS count FROM parked
       WHERE ordering_key IS NOT NULL GROUP BY subscription_id, ordering_key`,
    ),
  };
}
