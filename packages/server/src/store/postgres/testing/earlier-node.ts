import type { SubscriptionSettings, Subscription, Topic, TopicSettings } from "../../../domain/model.ts";
import { systemTimers } from "../../../domain/ports.ts";
import { message, settings, settlement } from "../../contract/fixtures.ts";
import type { ManualClock } from "../../contract/harness.ts";
import type { Claim, ClaimWant, Settled } from "../../log.ts";
import { Appends } from "../appends.ts";
import { CatalogCache } from "../catalog-cache.ts";
import { Claims } from "../claims.ts";
import { Database } from "../database.ts";
import { Health } from "../health.ts";
import { registerNode } from "../node-row.ts";
import { postgresLimits } from "../postgres-limits.ts";
import { Settlements } from "../settlements.ts";
import { Subscriptions } from "../subscriptions.ts";
import { Times } from "../times.ts";
import { Topics } from "../topics.ts";

/**
 * What a node of the version before partitions asks of the database: the same functions by the same names, and statements of its own.
 * It neither brings the schema up to date nor knows what has become of it.
 */
export class EarlierNode {
  readonly #database: Database;
  readonly #times: Times;
  readonly #appends: Appends;
  readonly #claims: Claims;
  readonly #settlements: Settlements;
  readonly topics: Topics;
  readonly subscriptions: Subscriptions;
  readonly accountId: Topic["accountId"];

  private constructor(database: Database, times: Times, nodeId: number, accountId: Topic["accountId"]) {
    this.#database = database;
    this.#times = times;
    this.accountId = accountId;
    const { hot, rest } = database;
    const shared = { lane: hot, times, timers: systemTimers, health: new Health(), observer: { commit: () => {} } };
    this.#appends = new Appends(shared);
    this.#claims = new Claims({
      ...shared,
      nodeId,
      aliveMs: postgresLimits.nodeAliveMs,
      wakeUps: { claiming: () => {}, claimed: () => {} },
    });
    this.#settlements = new Settlements({ ...shared, nodeId, settled: () => {} });
    const cache = new CatalogCache(() => false);
    const catalog = { lane: rest, times, nodeId, cache, changed: () => {}, ready: () => {} };
    this.topics = new Topics(catalog);
    this.subscriptions = new Subscriptions(catalog);
  }

  static async start(url: string, clock: ManualClock | null = null): Promise<EarlierNode> {
    const database = new Database(url, "earlier");
    const times = new Times(clock);
    const [account] = await database.rest.query<{ id: Topic["accountId"] }>(
      `INSERT INTO ringback.account (name, app_id, created_at) VALUES ('default', 1250000000, 0)
       ON CONFLICT (name) DO UPDATE SET app_id = excluded.app_id RETURNING id`,
    );
    const nodeId = await registerNode(database.rest, times, postgresLimits.nodeAliveMs, { name: "", version: "" });
    return new EarlierNode(database, times, nodeId, (account as { id: Topic["accountId"] }).id);
  }

  async topic(name: string, fields: Partial<TopicSettings> = {}): Promise<Topic> {
    return (await this.topics.put(this.accountId, name, fields)).topic;
  }

  async subscribe({ id }: Topic, name: string, fields: Partial<SubscriptionSettings> = {}): Promise<Subscription> {
    return (await this.subscriptions.put(id, name, settings(fields), "now")).subscription;
  }

  async publish({ id }: Topic, ...texts: readonly string[]): Promise<void> {
    const messages = texts.map((text) => message(text));
    await this.#appends.append({ topicId: id, messages, idempotency: null });
  }

  async claim({ id }: Subscription, fields: Partial<ClaimWant> = {}, leaseMs = 60_000): Promise<Claim> {
    const want = { subscriptionId: id, deliveriesMax: 100, bytesMax: 10_000_000, fromLog: true, ...fields };
    const [claim] = await this.#claims.claim([want], leaseMs);
    return claim as Claim;
  }

  settle(claim: Claim, how: Settled): Promise<number> {
    return this.#settlements.settle(claim.deliveries.map((delivery) => settlement(claim, delivery, how)));
  }

  /** As it looks a message up. */
  async textOf({ id }: Topic, seq: number): Promise<string | null> {
    const [row] = await this.#database.rest.query<{ text: string }>(
      `SELECT convert_from(m.body, 'UTF8') AS text FROM ringback.message m JOIN ringback.topic t ON t.id = m.topic_id
       WHERE m.topic_id = $1 AND m.seq = $2 AND t.account_id = $3`,
      [id, seq, this.accountId],
      "get_message",
    );
    return row?.text ?? null;
  }

  /** As it lists attempts: the statement was prepared when the table was another. */
  async attemptCount({ id }: Subscription): Promise<number> {
    const rows = await this.#database.rest.query(
      "SELECT * FROM ringback.attempt WHERE subscription_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3",
      [id, Number.MAX_SAFE_INTEGER, 1_000],
      "list_attempts_all",
    );
    return rows.length;
  }

  /** As it removes what is left of deleted topics, and attempts past their time. */
  async removeRecords(attemptRetentionMs: number): Promise<void> {
    const { rest } = this.#database;
    const removed = await rest.query<{ kind: string; id: number }>(
      "SELECT kind, id FROM ringback.removed ORDER BY kind, id LIMIT 1",
    );
    for (const { kind, id } of removed) {
      if (kind !== "topic") continue;
      await rest.query(
        `DELETE FROM ringback.message WHERE ctid = ANY (ARRAY
           (SELECT ctid FROM ringback.message WHERE topic_id = $1 LIMIT $2))`,
        [id, 500],
      );
    }
    await rest.query(
      `WITH clock AS MATERIALIZED (SELECT coalesce($1::bigint, ringback.now_ms()) AS now)
       DELETE FROM ringback.attempt WHERE id IN (
         SELECT o.id FROM clock, (SELECT id, started_at FROM ringback.attempt ORDER BY id LIMIT $2) o
         WHERE o.started_at < clock.now - $3)`,
      [this.#times.at(), 500, attemptRetentionMs],
    );
  }

  async end(): Promise<void> {
    await this.#database.close();
  }
}
