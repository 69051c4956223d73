import { RingbackError } from "../../domain/errors.ts";
import type { AccountId, Seq, SubscriptionId, TimeMs, Topic, TopicId, TopicSettings } from "../../domain/model.ts";
import { eventsTopicName } from "../../domain/internal-names.ts";
import { foldCase } from "../../domain/names.ts";
import { isReusable, newTopicNumber, type NumbersInUse } from "../../domain/topic-number.ts";
import { assertRoomForTopic, assertTopicRetention } from "../../domain/topic-rules.ts";
import { toTopic, type TopicRow } from "../catalog-rows.ts";
import { assertCondition, type WriteCondition } from "../../domain/write-condition.ts";
import type { CatalogStore, TopicRange } from "../catalog.ts";
import { hasLabel, labelText, type Label } from "../label.ts";
import type { Page, PageRequest } from "../page.ts";
import { notifyNodes } from "./change-bus.ts";
import type { Connection } from "./connection.ts";
import type { ConnectionPool } from "./database.ts";
import type { StoreContext } from "./store-context.ts";
import type { Times } from "./times.ts";

export interface CatalogOptions extends Omit<StoreContext, "changed"> {
  readonly pool: ConnectionPool;
  /** Called after a change by this node. Other nodes receive an event. */
  readonly changed: (id: SubscriptionId) => void;
}

/** SQL condition for names that lists, statistics and limits include: the opposite of `isInternalName`. */
export const isListedSql = "position(':' in name) = 0";
/** The same for names of topics: the opposite of `isInternalTopic`. */
export const isListedTopicSql = `${isListedSql} AND name <> '${eventsTopicName}'`;

/** Advisory lock: only one topic is created at a time, so that concurrent creations cannot exceed the limit. */
const TOPIC_LIMIT_LOCK = "8243118316933116780";

type NumberRow = Pick<NumbersInUse, "last" | "key"> &
  (
    | { readonly order: number; readonly topicId: TopicId; readonly lastSeq: Seq; readonly later: number }
    | { readonly order: null; readonly topicId: null }
  );

export class Topics {
  readonly #options: CatalogOptions;

  constructor(options: CatalogOptions) {
    this.#options = options;
  }

  readonly put: CatalogStore["putTopic"] = async (accountId, name, settings, condition) => {
    const { pool, cache } = this.#options;
    const result = await pool.transaction(async (connection) => {
      const nowMs = await readNow(connection, this.#options.times);
      let known = await readForUpdate(connection, accountId, name);
      if (known === null) {
        await connection.query(`SELECT pg_advisory_xact_lock(${TOPIC_LIMIT_LOCK})`);
        known = await readForUpdate(connection, accountId, name);
      }
      assertCondition(condition, known);
      if (known !== null) return { topic: await this.#change(connection, known, settings, nowMs), created: false };
      return { topic: await this.#insert(connection, accountId, name, settings, nowMs), created: true };
    });
    cache.dropTopic(result.topic.id);
    return result;
  };

  async create(accountId: AccountId, name: string, settings: TopicSettings): Promise<Topic | null> {
    const { pool, cache } = this.#options;
    const created = await pool.transaction(async (connection) => {
      // Waits for other creations of topics, also on other nodes.
      await connection.query(`SELECT pg_advisory_xact_lock(${TOPIC_LIMIT_LOCK})`);
      const [same] = await connection.query(
        "SELECT 1 FROM ringback.topic WHERE account_id = $1 AND lower(name) = $2 LIMIT 1",
        [accountId, foldCase(name)],
      );
      if (same !== undefined) return null;
      return this.#insert(connection, accountId, name, settings, await readNow(connection, this.#options.times));
    });
    if (created !== null) cache.dropTopic(created.id);
    return created;
  }

  async #insert(
    connection: Connection,
    accountId: AccountId,
    name: string,
    settings: TopicSettings,
    nowMs: TimeMs,
  ): Promise<Topic> {
    const [known] = await connection.query<{ topics: number } & NumberRow>(
      `SELECT (SELECT count(*) FROM ringback.topic WHERE account_id = $1 AND ${isListedTopicSql}) AS topics, n.last, n.key,
         r.id AS "order", r.topic_id AS "topicId", r.last_seq AS "lastSeq",
         (SELECT max(id) FROM ringback.released_number) - r.id AS later
       FROM ringback.topic_number n
       LEFT JOIN LATERAL (SELECT * FROM ringback.released_number ORDER BY id LIMIT 1) r ON true`,
      [accountId],
    );
    const { topics, last, key, ...released } = known as { topics: number } & NumberRow;
    const accountLimits = this.#options.limitsOf(accountId);
    assertTopicRetention(name, settings, accountLimits);
    assertRoomForTopic(name, topics, accountLimits);
    const numbers = { last, key, released: released.topicId === null ? null : released };
    const chosen = newTopicNumber(numbers, this.#options.topicNumbers);
    if (chosen === null) throw new RingbackError("topic_limit");
    const { id, firstSeq, isReused } = chosen;
    const [row] = await connection.query<TopicRow>(
      `WITH log AS (
         INSERT INTO ringback.topic_log (topic_id, retention_ms, first_seq, last_seq) VALUES ($1, $2, $3, $3::bigint - 1)
       ), fresh AS (
         UPDATE ringback.topic_number SET last = last + 1 WHERE $4::bigint IS NULL
       ), reused AS (
         DELETE FROM ringback.released_number WHERE id = $4::bigint
       ) INSERT INTO ringback.topic (id, account_id, name, settings, created_at, updated_at)
         VALUES ($1, $5, $6, $7, $8, $8) RETURNING *`,
      [
        id,
        settings.retentionMs,
        firstSeq,
        isReused ? released.order : null,
        accountId,
        name,
        JSON.stringify(settings),
        nowMs,
      ],
    );
    return toTopic(row as TopicRow);
  }

  async #change(connection: Connection, topic: Topic, settings: TopicSettings, nowMs: TimeMs): Promise<Topic> {
    const text = JSON.stringify(settings);
    if (text === JSON.stringify(topic.settings)) return topic;
    assertTopicRetention(topic.name, settings, this.#options.limitsOf(topic.accountId));
    const [row] = await connection.query<TopicRow>(
      `WITH log AS (
         UPDATE ringback.topic_log SET expires_at = expires_at - retention_ms + $4, retention_ms = $4 WHERE topic_id = $1
       ) UPDATE ringback.topic SET version = version + 1, settings = $2, updated_at = $3 WHERE id = $1 RETURNING *`,
      [topic.id, text, nowMs, settings.retentionMs],
    );
    await this.#notify(connection, topic.id);
    return toTopic(row as TopicRow);
  }

  get(accountId: AccountId, name: string): Promise<Topic | null> {
    const { pool, cache } = this.#options;
    return cache.remember(cache.topics, `${accountId} ${name}`, async () => {
      const [row] = await pool.query<TopicRow>(
        "SELECT * FROM ringback.topic WHERE account_id = $1 AND name = $2",
        [accountId, name],
        "get_topic",
      );
      return row === undefined ? null : toTopic(row);
    });
  }

  /** Finds a topic by name and ignores the case of letters. Prefers the topic with exactly this name. */
  async findAnyCase(accountId: AccountId, name: string): Promise<Topic | null> {
    const [row] = await this.#options.pool.query<TopicRow>(
      "SELECT * FROM ringback.topic WHERE account_id = $1 AND lower(name) = $2 ORDER BY name = $3 DESC, id LIMIT 1",
      [accountId, foldCase(name), name],
      "find_topic_any_case",
    );
    return row === undefined ? null : toTopic(row);
  }

  list(accountId: AccountId, page: PageRequest, label?: Label): Promise<Page<Topic>> {
    return listByName(page, label, toTopic, (after, limit, text) =>
      this.#options.pool.query<TopicRow>(
        `SELECT * FROM ringback.topic WHERE account_id = $1 AND name > $2 AND ${isListedTopicSql}
           AND ($4::text IS NULL OR position($4::text in settings) > 0) ORDER BY name LIMIT $3`,
        [accountId, after, limit, text],
        "list_topics",
      ),
    );
  }

  async listRanges(accountId: AccountId, after: TopicId | null, limit: number): Promise<readonly TopicRange[]> {
    const rows = await this.#options.pool.query<TopicRow & { readonly first_seq: Seq; readonly last_seq: Seq }>(
      `SELECT t.*, l.first_seq, l.last_seq FROM ringback.topic t JOIN ringback.topic_log l ON l.topic_id = t.id
         WHERE t.account_id = $1 AND t.id > $2 ORDER BY t.id LIMIT $3`,
      [accountId, after ?? 0, limit],
      "list_topic_ranges",
    );
    return rows.map((row) => ({ topic: toTopic(row), firstSeq: row.first_seq, lastSeq: row.last_seq }));
  }

  async count(accountId: AccountId): Promise<number> {
    const sql = "SELECT count(*) AS count FROM ringback.topic WHERE account_id = $1";
    const [row] = await this.#options.pool.query<{ count: number }>(sql, [accountId], "count_topics");
    return row?.count ?? 0;
  }

  /** Deletes the topic. Retention deletes its messages and other rows later, in small steps. */
  async delete(accountId: AccountId, name: string, condition?: WriteCondition): Promise<boolean> {
    const { pool, cache, changed } = this.#options;
    const gone = await pool.transaction(async (connection) => {
      const topic = await readForUpdate(connection, accountId, name);
      if (topic === null) return null;
      assertCondition(condition, topic);
      const [log] = await connection.query<{ last_seq: Seq }>(
        "SELECT last_seq FROM ringback.topic_log WHERE topic_id = $1 FOR UPDATE",
        [topic.id],
      );
      const rows = await connection.query<{ id: SubscriptionId }>(
        "SELECT subscription_id AS id FROM ringback.subscription_cursor WHERE topic_id = $1 ORDER BY subscription_id FOR UPDATE",
        [topic.id],
      );
      const ids = rows.map(({ id }) => id);
      await removeSubscriptions(connection, ids);
      await connection.query("DELETE FROM ringback.topic_log WHERE topic_id = $1", [topic.id]);
      await connection.query("DELETE FROM ringback.topic WHERE id = $1", [topic.id]);
      const { last_seq: lastSeq } = log as { last_seq: Seq };
      await connection.query("INSERT INTO ringback.removed (kind, id, last_seq) VALUES ('topic', $1, $2)", [
        topic.id,
        isReusable({ topicId: topic.id, lastSeq }) ? lastSeq : null,
      ]);
      await this.#notify(connection, topic.id);
      return { topicId: topic.id, ids };
    });
    if (gone === null) return false;
    cache.dropTopic(gone.topicId);
    for (const id of gone.ids) {
      cache.dropSubscription(gone.topicId, id);
      changed(id);
    }
    return true;
  }

  #notify(connection: Connection, topicId: TopicId): Promise<void> {
    return notifyNodes(connection, this.#options.nodeId, { kind: "topic", topicId });
  }
}

export async function readNow(connection: Connection, times: Times): Promise<TimeMs> {
  const [row] = await connection.query<{ now: TimeMs }>(
    "SELECT coalesce(($1::bigint[])[2], ringback.now_ms()) AS now",
    [times.at()],
  );
  return (row as { now: TimeMs }).now;
}

/**
 * Deletes the claims, cursors and names of subscriptions whose cursors are locked. Retention deletes the rest in small
 * steps.
 */
export async function removeSubscriptions(connection: Connection, ids: readonly SubscriptionId[]): Promise<void> {
  await connection.query(
    `WITH claims AS (DELETE FROM ringback.claim WHERE subscription_id = ANY ($1::bigint[])),
       cursors AS (DELETE FROM ringback.subscription_cursor WHERE subscription_id = ANY ($1::bigint[])),
       names AS (DELETE FROM ringback.subscription WHERE id = ANY ($1::bigint[]))
     INSERT INTO ringback.removed (kind, id) SELECT 'subscription', unnest($1::bigint[])`,
    [ids],
  );
}

/**
 * Returns a page in order of name. `read` returns rows after a name; with a text, only rows whose settings contain the
 * text. Some of these rows may not have the label, so `read` is called until the page is full.
 */
export async function listByName<R extends { readonly name: string }, T extends { readonly settings: object }>(
  { after, limit }: PageRequest,
  label: Label | undefined,
  view: (row: R) => T,
  read: (after: string, limit: number, text: string | null) => Promise<readonly R[]>,
): Promise<Page<T>> {
  const items: T[] = [];
  let [last, readThrough] = [null as string | null, after ?? ""];
  for (;;) {
    const rows = await read(readThrough, limit + 1, label === undefined ? null : labelText(label));
    for (const row of rows) {
      readThrough = row.name;
      const item = view(row);
      if (label !== undefined && !hasLabel(item.settings, label)) continue;
      // One row more than wanted shows that there is a next page.
      if (items.length === limit) return { items, next: last };
      items.push(item);
      last = row.name;
    }
    if (rows.length <= limit) return { items, next: null };
  }
}

async function readForUpdate(connection: Connection, accountId: AccountId, name: string): Promise<Topic | null> {
  const [row] = await connection.query<TopicRow>(
    "SELECT * FROM ringback.topic WHERE account_id = $1 AND name = $2 FOR UPDATE",
    [accountId, name],
  );
  return row === undefined ? null : toTopic(row);
}
