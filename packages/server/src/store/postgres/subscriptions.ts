import { RingbackError } from "../../domain/errors.ts";
import type {
  AccountId,
  Seq,
  Subscription,
  SubscriptionId,
  SubscriptionSettings,
  StateChange,
  TimeMs,
  TopicId,
} from "../../domain/model.ts";
import { isInternalName } from "../../domain/internal-names.ts";
import { startSeq, type LogEnds } from "../../domain/start-rule.ts";
import { assertRoomForSubscription, assertStaysPushedOrPulled } from "../../domain/subscription-rules.ts";
import { assertCondition, type WriteCondition } from "../../domain/write-condition.ts";
import type { CatalogStore, HealthChange } from "../catalog.ts";
import { healthColumn, keepsHealth, stateColumns, toDisablement, toHealth } from "../catalog-rows.ts";
import { randomId } from "../random-id.ts";
import type { Label } from "../label.ts";
import type { LogRange } from "../replays.ts";
import { sealedMark } from "../sealed-mark.ts";
import type { Page, PageRequest } from "../page.ts";
import { notifyNodes } from "./change-bus.ts";
import { callValue, type Connection } from "./connection.ts";
import { routePattern } from "./route-patterns.ts";
import type { StoreContext } from "./store-context.ts";
import { isListedSql, readNow, removeSubscriptions, listByName, type CatalogOptions } from "./topics.ts";

interface SubscriptionRow extends Omit<Subscription, "settings" | "disabled" | "health"> {
  readonly settings: string;
  readonly disabled: string | null;
  readonly health: string | null;
}

interface TopicOfSubscription extends LogEnds {
  readonly accountId: AccountId;
}

type NewSubscription = Pick<Subscription, "accountId" | "topicId" | "name" | "settings" | "createdAtMs">;

const select = `SELECT s.id, s.account_id AS "accountId", s.topic_id AS "topicId", t.name AS topic, s.name, s.state,
    s.disabled, s.health, s.settings, s.version, s.created_at AS "createdAtMs", s.updated_at AS "updatedAtMs"
  FROM ringback.subscription s JOIN ringback.topic t ON t.id = s.topic_id`;

export class Subscriptions {
  readonly #options: CatalogOptions;

  constructor(options: CatalogOptions) {
    this.#options = options;
  }

  readonly put: CatalogStore["putSubscription"] = async (topicId, name, settings, start, condition) => {
    const { pool, cache, changed, ready } = this.#options;
    const result = await pool.transaction(async (connection) => {
      // The lock on the log prevents deletion of the topic and appends to it until the transaction ends.
      const [topic] = await connection.query<TopicOfSubscription>(
        `SELECT t.account_id AS "accountId", l.first_seq AS "firstSeq", l.last_seq AS "lastSeq"
           FROM ringback.topic_log l JOIN ringback.topic t ON t.id = l.topic_id WHERE l.topic_id = $1 FOR UPDATE OF l`,
        [topicId],
      );
      if (topic === undefined) throw new RingbackError("topic_not_found");
      const nowMs = await readNow(connection, this.#options.times);
      // Read under a lock, so that the state cannot change between the check of the condition and the write.
      const known = await lockCursor(connection, topicId, name);
      assertCondition(condition, known);
      if (known !== null) {
        const didChange = await this.#change(connection, known, settings, nowMs);
        return { id: known.id, created: false, didChange };
      }
      const firstSeq = await startSeq(start, topic, nowMs, (atMs) => findSeqAt(connection, topicId, atMs));
      const { accountId } = topic;
      const id = await this.#insert(connection, { accountId, topicId, name, settings, createdAtMs: nowMs }, firstSeq);
      await this.#notify(connection, topicId, id);
      return { id, created: true, didChange: false };
    });
    cache.dropSubscription(topicId, result.id);
    const subscription = await this.getById(result.id);
    if (subscription === null) throw new RingbackError("topic_not_found");
    if (result.didChange) changed(result.id);
    if (result.didChange || result.created) ready([result.id]);
    return { subscription, created: result.created };
  };

  async #insert(connection: Connection, subscription: NewSubscription, firstSeq: Seq): Promise<SubscriptionId> {
    const { accountId, topicId, name, settings, createdAtMs } = subscription;
    const accountLimits = this.#options.limitsOf(accountId);
    const isLimited = accountLimits.subscriptionsMax !== null && !isInternalName(name);
    // Topics of one account have different locks. Only a count over all of them needs the lock of the account.
    if (isLimited)
      await connection.query("SELECT 1 FROM ringback.account WHERE id = $1 FOR NO KEY UPDATE", [accountId]);
    const [count] = await connection.query<{ ofTopic: number; ofAccount: number; ofStore: number }>(
      `SELECT (SELECT count(*) FROM ringback.subscription WHERE topic_id = $1 AND ${isListedSql}) AS "ofTopic",
         (SELECT count(*) FROM ringback.subscription WHERE account_id = $2 AND ${isListedSql}) AS "ofAccount",
         (SELECT reltuples::bigint FROM pg_class WHERE oid = 'ringback.subscription'::regclass) AS "ofStore"`,
      [topicId, isLimited ? accountId : null],
    );
    assertRoomForSubscription(name, count as NonNullable<typeof count>, accountLimits);
    const [row] = await connection.query<{ id: SubscriptionId }>(
      `WITH subscription AS (
         INSERT INTO ringback.subscription (account_id, topic_id, name, state, settings, created_at, updated_at, id)
         VALUES ($1, $2, $3, 'active', $4, $5, $5, $11) RETURNING id, topic_id
       ) INSERT INTO ringback.subscription_cursor
         (subscription_id, topic_id, active, scanned_through, ordering, in_flight_max, tags, routes)
       SELECT id, topic_id, true, $6, $7, $8, $9::text[], $10::text[] FROM subscription RETURNING subscription_id AS id`,
      [
        accountId,
        topicId,
        name,
        JSON.stringify(settings),
        createdAtMs,
        firstSeq - 1,
        ...claimSettings(settings),
        randomId(),
      ],
    );
    return (row as { id: SubscriptionId }).id;
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
      `UPDATE ringback.subscription SET version = version + 1, settings = $2, updated_at = $3,
         health = CASE WHEN $4 THEN health END WHERE id = $1`,
      [known.id, text, nowMs, keepsHealth(before, settings)],
    );
    await connection.query(
      `UPDATE ringback.subscription_cursor SET ordering = $2, in_flight_max = $3, tags = $4, routes = $5
         WHERE subscription_id = $1`,
      [known.id, ...claimSettings(settings)],
    );
    if (before.order !== settings.order) {
      // Parked deliveries block keys by the old order, so all of them are made due and block no key any more.
      await connection.query(
        `UPDATE ringback.parked SET due_at = coalesce(due_at, ($2::bigint[])[1], ringback.steady_ms()), ordering_key = NULL
           WHERE subscription_id = $1 AND ordering_key IS NOT NULL`,
        [known.id, this.#options.times.at()],
      );
    }
    await this.#notify(connection, known.topicId, known.id);
    return true;
  }

  async get(topicId: TopicId, name: string): Promise<Subscription | null> {
    const row = await read(this.#options.pool, topicId, name);
    return row === null ? null : toSubscription(row);
  }

  getById(id: SubscriptionId): Promise<Subscription | null> {
    const { pool, cache } = this.#options;
    return cache.remember(cache.subscriptions, id, async () => {
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

  async ofKey(accountId: AccountId, kid: string, limit: number): Promise<readonly Subscription[]> {
    const rows = await this.#options.pool.query<SubscriptionRow>(
      `${select} WHERE s.account_id = $1 AND (s.settings::jsonb -> 'push' -> 'keys') ? $2 ORDER BY s.id LIMIT $3`,
      [accountId, kid, limit],
      "subscriptions_of_key",
    );
    return rows.map(toSubscription);
  }

  async withSecrets(after: SubscriptionId, limit: number): Promise<readonly Subscription[]> {
    const rows = await this.#options.pool.query<SubscriptionRow>(
      `${select} WHERE s.id > $1 AND position($3 in s.settings) > 0 ORDER BY s.id LIMIT $2`,
      [after, limit, sealedMark],
      "subscriptions_with_secrets",
    );
    return rows.map(toSubscription);
  }

  async delete(topicId: TopicId, name: string, condition?: WriteCondition): Promise<boolean> {
    const { pool, cache, changed } = this.#options;
    const id = await pool.transaction(async (connection) => {
      const row = await lockCursor(connection, topicId, name);
      if (row === null) return null;
      assertCondition(condition, row);
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
    change: StateChange,
    condition?: WriteCondition,
  ): Promise<Subscription | null> {
    const { pool, cache, changed, ready } = this.#options;
    const { state, disabled } = stateColumns(change);
    const result = await pool.transaction(async (connection) => {
      const row = await lockCursor(connection, topicId, name);
      if (row === null) return null;
      assertCondition(condition, row);
      if (row.state === state) return { row, didChange: false };
      const nowMs = await readNow(connection, this.#options.times);
      await connection.query(
        `UPDATE ringback.subscription SET version = version + 1, state = $2, disabled = $3, health = NULL, updated_at = $4
           WHERE id = $1`,
        [row.id, state, disabled, nowMs],
      );
      await connection.query("UPDATE ringback.subscription_cursor SET active = $2 WHERE subscription_id = $1", [
        row.id,
        state === "active",
      ]);
      await this.#notify(connection, topicId, row.id);
      return {
        row: { ...row, state, disabled, health: null, version: row.version + 1, updatedAtMs: nowMs },
        didChange: true,
      };
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

  async setHealth(id: SubscriptionId, { before, after, waited }: HealthChange): Promise<boolean> {
    const { pool, cache, changed } = this.#options;
    const topicId = await pool.transaction(async (connection) => {
      // In the order in which every other transaction locks the rows, so that two never wait for each other.
      if (waited !== null) {
        await connection.query("SELECT 1 FROM ringback.subscription_cursor WHERE subscription_id = $1 FOR UPDATE", [
          id,
        ]);
      }
      const [row] = await connection.query<{ topicId: TopicId }>(
        `UPDATE ringback.subscription SET health = $2 WHERE id = $1 AND health IS NOT DISTINCT FROM $3
           RETURNING topic_id AS "topicId"`,
        [id, healthColumn(after), healthColumn(before)],
        "set_health",
      );
      if (row === undefined) return null;
      if (waited !== null) {
        await connection.query(
          `UPDATE ringback.parked SET first_attempt_at = greatest(first_attempt_at, least(first_attempt_at + $2, $3))
             WHERE subscription_id = $1 AND first_attempt_at IS NOT NULL`,
          [id, waited.waitedMs, waited.nowMs],
        );
      }
      await this.#notify(connection, row.topicId, id);
      return row.topicId;
    });
    if (topicId === null) return false;
    cache.dropSubscription(topicId, id);
    changed(id);
    return true;
  }

  #notify(connection: Connection, topicId: TopicId, subscriptionId: SubscriptionId): Promise<void> {
    return notifyNodes(connection, this.#options.nodeId, { kind: "subscription", topicId, subscriptionId });
  }
}

/** Returns the ids of the topic's subscriptions, from the cache if they are cached. */
export function readSubscriptionIds(
  { database, cache }: Pick<StoreContext, "database" | "cache">,
  topicId: TopicId,
): Promise<readonly SubscriptionId[]> {
  return cache.subscriptionIds(topicId, async () => {
    const rows = await database.rest.query<{ id: SubscriptionId }>(
      "SELECT subscription_id AS id FROM ringback.subscription_cursor WHERE topic_id = $1",
      [topicId],
      "subscription_ids",
    );
    return rows.map(({ id }) => id);
  });
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

/** Reads those of the subscriptions that exist, in any order. */
export async function readSubscriptions(
  connection: Connection,
  ids: readonly SubscriptionId[],
): Promise<readonly Subscription[]> {
  const sql = `${select} WHERE s.id = ANY ($1::bigint[])`;
  return (await connection.query<SubscriptionRow>(sql, [ids], "get_subscriptions")).map(toSubscription);
}

/** Throws `subscription_not_found`. */
export async function readSubscription(connection: Connection, id: SubscriptionId): Promise<Subscription> {
  const [row] = await connection.query<SubscriptionRow>(`${select} WHERE s.id = $1`, [id], "get_subscription");
  if (row === undefined) throw new RingbackError("subscription_not_found");
  return toSubscription(row);
}

/** Returns the ends of a log. null: there is no such topic. */
export async function readLogRange(connection: Connection, topicId: TopicId): Promise<LogRange | null> {
  const [range] = await connection.query<LogRange>(
    `SELECT first_seq AS "firstSeq", last_seq AS "lastSeq" FROM ringback.topic_log WHERE topic_id = $1`,
    [topicId],
    "log_range",
  );
  return range ?? null;
}

/** Returns the first position whose message was published at or after a time. */
export async function findSeqAt(connection: Connection, topicId: TopicId, atMs: TimeMs): Promise<Seq> {
  return (await callValue<Seq>(connection, "seq_at", [topicId, atMs])) as Seq;
}

function toSubscription(row: SubscriptionRow): Subscription {
  const { settings, disabled, health } = row;
  return {
    ...row,
    disabled: toDisablement(disabled),
    health: toHealth(health),
    settings: JSON.parse(settings) as SubscriptionSettings,
  };
}
