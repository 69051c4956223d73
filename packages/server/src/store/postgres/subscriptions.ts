import { RingbackError } from "../../domain/errors.ts";
import type {
  AccountId,
  Seq,
  Start,
  Subscription,
  SubscriptionId,
  SubscriptionSettings,
  SubscriptionState,
  TimeMs,
  TopicId,
} from "../../domain/model.ts";
import { startSeq, type LogEnds } from "../../domain/start-rule.ts";
import { assertRoomForSubscription, assertStaysPushedOrPulled } from "../../domain/subscription-rules.ts";
import { assertCondition, type WriteCondition } from "../../domain/write-condition.ts";
import type { Label } from "../label.ts";
import type { Page, PageRequest } from "../page.ts";
import { CHANNEL, toPayload } from "./change-bus.ts";
import type { Connection } from "./connection.ts";
import { isListedSql } from "./internal-names.ts";
import { routePattern } from "./route-patterns.ts";
import { readNow, removeSubscriptions, listByName, type CatalogOptions } from "./topics.ts";

interface SubscriptionRow {
  readonly id: SubscriptionId;
  readonly account_id: AccountId;
  readonly topic_id: TopicId;
  readonly topic: string;
  readonly name: string;
  readonly state: SubscriptionState;
  readonly version: number;
  readonly settings: string;
  readonly created_at: TimeMs;
  readonly updated_at: TimeMs;
}

/** The ends of a log. */
export interface LogRow {
  readonly first_seq: Seq;
  readonly last_seq: Seq;
}

interface TopicOfSubscription extends LogRow {
  readonly account_id: AccountId;
  readonly name: string;
}

const select = `SELECT s.*, t.name AS topic FROM ringback.subscription s JOIN ringback.topic t ON t.id = s.topic_id`;

export class Subscriptions {
  readonly #options: CatalogOptions;

  constructor(options: CatalogOptions) {
    this.#options = options;
  }

  async put(
    topicId: TopicId,
    name: string,
    settings: SubscriptionSettings,
    start: Start,
    condition?: WriteCondition,
  ): Promise<{ subscription: Subscription; created: boolean }> {
    const { pool, cache, changed, ready } = this.#options;
    const result = await pool.transaction(async (connection) => {
      // The lock on the log keeps the topic and the end of its log until the transaction ends.
      const [topic] = await connection.query<TopicOfSubscription>(
        `SELECT t.account_id, t.name, l.first_seq, l.last_seq
           FROM ringback.topic_log l JOIN ringback.topic t ON t.id = l.topic_id WHERE l.topic_id = $1 FOR UPDATE OF l`,
        [topicId],
      );
      if (topic === undefined) throw new RingbackError("topic_not_found");
      const nowMs = await readNow(connection, this.#options.times);
      // Read under a lock, so that no change of state comes between the check of the condition and the write.
      const known = await lockCursor(connection, topicId, name);
      assertCondition(condition, known && toSubscription(known));
      if (known !== null) {
        const didChange = await this.#change(connection, known, settings, nowMs);
        return { id: known.id, created: false, didChange };
      }
      const id = await this.#insert(connection, { topicId, name, topic, settings, nowMs, start });
      await this.#notify(connection, topicId, id);
      return { id, created: true, didChange: false };
    });
    cache.dropSubscription(topicId, result.id);
    const subscription = await this.getById(result.id);
    if (subscription === null) throw new RingbackError("topic_not_found");
    if (result.didChange) changed(result.id);
    if (result.didChange || result.created) ready([result.id]);
    return { subscription, created: result.created };
  }

  async #insert(
    connection: Connection,
    subscription: {
      readonly topicId: TopicId;
      readonly name: string;
      readonly topic: TopicOfSubscription;
      readonly settings: SubscriptionSettings;
      readonly nowMs: TimeMs;
      readonly start: Start;
    },
  ): Promise<SubscriptionId> {
    const { topicId, name, topic, settings, nowMs, start } = subscription;
    const [count] = await connection.query<{ of_topic: number; of_store: number }>(
      `SELECT (SELECT count(*) FROM ringback.subscription WHERE topic_id = $1 AND ${isListedSql}) AS of_topic,
         (SELECT reltuples::bigint FROM pg_class WHERE oid = 'ringback.subscription'::regclass) AS of_store`,
      [topicId],
    );
    assertRoomForSubscription(name, { ofTopic: count?.of_topic ?? 0, ofStore: count?.of_store ?? 0 });
    const firstSeq = await startSeq(start, toEnds(topic), nowMs, (atMs) => findSeqAt(connection, topicId, topic, atMs));
    const [row] = await connection.query<{ id: SubscriptionId }>(
      `INSERT INTO ringback.subscription (account_id, topic_id, name, state, settings, created_at, updated_at)
       VALUES ($1, $2, $3, 'active', $4, $5, $5) RETURNING id`,
      [topic.account_id, topicId, name, JSON.stringify(settings), nowMs],
    );
    const { id } = row as { id: SubscriptionId };
    await connection.query(
      `INSERT INTO ringback.subscription_cursor
         (subscription_id, topic_id, active, scanned_through, ordering, in_flight_max, tags, routes)
       VALUES ($1, $2, true, $3, $4, $5, $6, $7)`,
      [id, topicId, firstSeq - 1, ...claimSettings(settings)],
    );
    return id;
  }

  async #change(
    connection: Connection,
    known: SubscriptionRow,
    settings: SubscriptionSettings,
    nowMs: TimeMs,
  ): Promise<boolean> {
    const text = JSON.stringify(settings);
    if (known.settings === text) return false;
    const before = JSON.parse(known.settings) as SubscriptionSettings;
    assertStaysPushedOrPulled(before, settings);
    await connection.query(
      "UPDATE ringback.subscription SET version = version + 1, settings = $2, updated_at = $3 WHERE id = $1",
      [known.id, text, nowMs],
    );
    await connection.query(
      `UPDATE ringback.subscription_cursor SET ordering = $2, in_flight_max = $3, tags = $4, routes = $5
         WHERE subscription_id = $1`,
      [known.id, ...claimSettings(settings)],
    );
    if (before.order !== settings.order) {
      // Deliveries hold their keys by the old order, so all of them are released.
      await connection.query(
        `UPDATE ringback.parked SET due_at = coalesce(due_at, $2), ordering_key = NULL
           WHERE subscription_id = $1 AND ordering_key IS NOT NULL`,
        [known.id, nowMs],
      );
    }
    await this.#notify(connection, known.topic_id, known.id);
    return true;
  }

  async get(topicId: TopicId, name: string): Promise<Subscription | null> {
    const row = await read(this.#options.pool, topicId, name);
    return row === null ? null : toSubscription(row);
  }

  getById(id: SubscriptionId): Promise<Subscription | null> {
    const { pool, cache } = this.#options;
    return cache.subscription(id, async () => {
      const [row] = await pool.query<SubscriptionRow>(`${select} WHERE s.id = $1`, [id], "get_subscription");
      return row === undefined ? null : toSubscription(row);
    });
  }

  async list(topicId: TopicId, page: PageRequest, label?: Label): Promise<Page<Subscription>> {
    const { pool } = this.#options;
    const [topic] = await pool.query("SELECT 1 FROM ringback.topic WHERE id = $1", [topicId], "has_topic");
    if (topic === undefined) throw new RingbackError("topic_not_found");
    return listByName(page, label, toSubscription, (after, limit, text) =>
      pool.query<SubscriptionRow>(
        `${select} WHERE s.topic_id = $1 AND s.name > $2 AND position(':' in s.name) = 0
           AND ($4::text IS NULL OR position($4::text in s.settings) > 0) ORDER BY s.name LIMIT $3`,
        [topicId, after, limit, text],
        "list_subscriptions",
      ),
    );
  }

  idsOf(topicId: TopicId): Promise<readonly SubscriptionId[]> {
    const { pool, cache } = this.#options;
    return cache.subscriptionIds(topicId, async () => {
      const rows = await pool.query<{ id: SubscriptionId }>(
        "SELECT subscription_id AS id FROM ringback.subscription_cursor WHERE topic_id = $1",
        [topicId],
        "subscription_ids",
      );
      return rows.map(({ id }) => id);
    });
  }

  async delete(topicId: TopicId, name: string, condition?: WriteCondition): Promise<boolean> {
    const { pool, cache, changed } = this.#options;
    const id = await pool.transaction(async (connection) => {
      const row = await lockCursor(connection, topicId, name);
      if (row === null) return null;
      assertCondition(condition, toSubscription(row));
      await removeSubscriptions(connection, [row.id]);
      await this.#notify(connection, topicId, row.id);
      return row.id;
    });
    if (id === null) return false;
    cache.dropSubscription(topicId, id);
    changed(id);
    return true;
  }

  async setState(
    topicId: TopicId,
    name: string,
    state: SubscriptionState,
    condition?: WriteCondition,
  ): Promise<Subscription | null> {
    const { pool, cache, changed, ready } = this.#options;
    const result = await pool.transaction(async (connection) => {
      const row = await lockCursor(connection, topicId, name);
      if (row === null) return null;
      assertCondition(condition, toSubscription(row));
      if (row.state === state) return { row, didChange: false };
      const nowMs = await readNow(connection, this.#options.times);
      await connection.query(
        "UPDATE ringback.subscription SET version = version + 1, state = $2, updated_at = $3 WHERE id = $1",
        [row.id, state, nowMs],
      );
      await connection.query("UPDATE ringback.subscription_cursor SET active = $2 WHERE subscription_id = $1", [
        row.id,
        state === "active",
      ]);
      await this.#notify(connection, topicId, row.id);
      return { row: { ...row, state, version: row.version + 1, updated_at: nowMs }, didChange: true };
    });
    if (result === null) return null;
    const { row, didChange } = result;
    if (didChange) {
      cache.dropSubscription(topicId, row.id);
      changed(row.id);
      if (state === "active") ready([row.id]);
    }
    return toSubscription(row);
  }

  async #notify(connection: Connection, topicId: TopicId, subscriptionId: SubscriptionId): Promise<void> {
    const payload = toPayload(this.#options.nodeId, { kind: "subscription", topicId, subscriptionId });
    await connection.query("SELECT pg_notify($1, $2)", [CHANNEL, payload]);
  }
}

async function read(connection: Connection, topicId: TopicId, name: string): Promise<SubscriptionRow | null> {
  const [row] = await connection.query<SubscriptionRow>(
    `${select} WHERE s.topic_id = $1 AND s.name = $2`,
    [topicId, name],
    "find_subscription",
  );
  return row ?? null;
}

/** Locks the subscription against claims and settlements, then reads it. */
async function lockCursor(connection: Connection, topicId: TopicId, name: string): Promise<SubscriptionRow | null> {
  const found = await read(connection, topicId, name);
  if (found === null) return null;
  await connection.query("SELECT 1 FROM ringback.subscription_cursor WHERE subscription_id = $1 FOR UPDATE", [
    found.id,
  ]);
  return read(connection, topicId, name);
}

/** The settings that claims use, as columns of the cursor. */
export function claimSettings({ order, maxInFlight, filter }: SubscriptionSettings): unknown[] {
  const tags = filter.tags.length > 0 ? filter.tags : null;
  const routes = filter.types.length > 0 ? filter.types.map(routePattern) : null;
  return [order, maxInFlight, tags, routes];
}

/** The first position published at or after a time. A binary search: publishing times never decrease within a log. */
export async function findSeqAt(
  connection: Connection,
  topicId: TopicId,
  { first_seq, last_seq }: LogRow,
  atMs: TimeMs,
): Promise<Seq> {
  let low = first_seq;
  let high = last_seq + 1;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const [row] = await connection.query<{ published_at: TimeMs }>(
      "SELECT published_at FROM ringback.message_at($1, $2)",
      [topicId, middle],
    );
    if (row === undefined || row.published_at < atMs) low = middle + 1;
    else high = middle;
  }
  return low;
}

function toSubscription(row: SubscriptionRow): Subscription {
  return {
    id: row.id,
    accountId: row.account_id,
    topicId: row.topic_id,
    topic: row.topic,
    name: row.name,
    state: row.state,
    settings: JSON.parse(row.settings) as SubscriptionSettings,
    version: row.version,
    createdAtMs: row.created_at,
    updatedAtMs: row.updated_at,
  };
}

export function toEnds({ first_seq, last_seq }: LogRow): LogEnds {
  return { firstSeq: first_seq, lastSeq: last_seq };
}
