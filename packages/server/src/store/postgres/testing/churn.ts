import { RingbackError } from "../../../domain/errors.ts";
import type { Subscription, Topic } from "../../../domain/model.ts";
import {
  dead,
  delivered,
  message,
  parkedUntil,
  released,
  settings,
  settlement,
  topicSettings,
} from "../../contract/fixtures.ts";
import { ManualClock } from "../../contract/harness.ts";
import type { Claim, Settled } from "../../log.ts";
import { PostgresStore } from "../postgres-store.ts";
import { freshDatabase, storeOptions } from "./postgres-database.ts";
import type { PostgresServer } from "./postgres-server.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const TOPICS = 3;
const PER_ROUND = 40;
const LEASE_MS = MINUTE_MS;
/** Retention of all data except idempotency keys, which are kept for a day. */
const KEPT_MS = 6 * HOUR_MS;
/** The faked clock advances by this much per round, so that days pass in minutes. */
const ROUND_MS = 20 * MINUTE_MS;
const NODES = 2;
/** Tables whose rows change with every batch. */
export const hotTables = ["subscription_cursor", "topic_log", "claim"] as const;

export interface TableFigures {
  readonly table: string;
  readonly updates: number;
  readonly hotUpdates: number;
  readonly live: number;
  readonly dead: number;
  readonly heapBytes: number;
  readonly indexBytes: number;
}

/**
 * Runs every stage of a message's life again and again on one database: publishes with keys, deliveries in both orders,
 * retries, dead letters, redrives, expired leases, retention. The clock is faked and advances twenty minutes a round.
 */
export class Churn {
  readonly database: string;
  readonly #server: PostgresServer;
  readonly #clock = new ManualClock();
  #stores: PostgresStore[] = [];
  #topics: Topic[] = [];
  #subscriptions: Subscription[] = [];
  #rounds = 0;
  #turns = 0;
  published = 0;

  private constructor(server: PostgresServer, database: string) {
    this.#server = server;
    this.database = database;
  }

  static async start(server: PostgresServer): Promise<Churn> {
    const churn = new Churn(server, await freshDatabase(server));
    await churn.#open();
    const store = churn.#store(0);
    for (let number = 0; number < TOPICS; number++) {
      const { topic } = await store.catalog.putTopic(
        store.catalog.defaultAccount().id,
        `topic-${number}`,
        topicSettings({ retentionMs: KEPT_MS }),
      );
      churn.#topics.push(topic);
      for (const order of ["none", "key"] as const) {
        const { subscription } = await store.catalog.putSubscription(topic.id, order, settings({ order }), "now");
        churn.#subscriptions.push(subscription);
      }
    }
    return churn;
  }

  async round(): Promise<void> {
    this.#rounds++;
    await Promise.all(this.#topics.map((topic, index) => this.#publish(topic, index)));
    await this.#deliver();
    if (this.#rounds % 5 === 0) await this.#redrive();
    this.#clock.advance(ROUND_MS);
  }

  async retain(): Promise<void> {
    while ((await this.#store(0).log.retain()).more);
  }

  /** Runs some rounds, and returns how many pages of tables and indexes each message read or wrote. */
  async pagesPerMessage(rounds: number): Promise<number> {
    // Connections report their statistics when they end.
    await this.#reopen();
    const [before, published] = [await this.#pages(), this.published];
    for (let round = 0; round < rounds; round++) await this.round();
    await this.#reopen();
    return ((await this.#pages()) - before) / (this.published - published);
  }

  async figures(): Promise<readonly TableFigures[]> {
    return this.#server.query<TableFigures>(
      `SELECT s.relname AS table, s.n_tup_upd::integer AS updates, s.n_tup_hot_upd::integer AS "hotUpdates",
         s.n_live_tup::integer AS live, s.n_dead_tup::integer AS dead,
         pg_table_size(s.relid)::float AS "heapBytes", pg_indexes_size(s.relid)::float AS "indexBytes"
       FROM pg_stat_user_tables s WHERE s.schemaname = 'ringback' ORDER BY s.relname`,
      [],
      this.database,
    );
  }

  /** Reads the statistics, including everything that the nodes have done so far. */
  async finalFigures(): Promise<readonly TableFigures[]> {
    await this.#reopen();
    return this.figures();
  }

  async dispose(): Promise<void> {
    await this.#close();
    await this.#server.query(`DROP DATABASE ${this.database} WITH (FORCE)`);
  }

  #store(index: number): PostgresStore {
    return this.#stores[index] as PostgresStore;
  }

  async #open(): Promise<void> {
    const retention = { attemptRetentionMs: KEPT_MS, deadLetterRetentionMs: KEPT_MS };
    const options = storeOptions(this.#server.url(this.database), { clock: this.#clock, ...retention });
    this.#stores = await Promise.all(Array.from({ length: NODES }, () => PostgresStore.open(options)));
  }

  async #close(): Promise<void> {
    await Promise.all(this.#stores.map((store) => store.close()));
  }

  async #reopen(): Promise<void> {
    await this.#close();
    await this.#open();
  }

  async #publish(topic: Topic, index: number): Promise<void> {
    const messages = Array.from({ length: PER_ROUND }, (_, index) =>
      message(`${this.#rounds}.${index}`, {
        orderingKey: `${this.#rounds} ${index % 20}`,
        delayMs: index === 0 ? ROUND_MS : 0,
      }),
    );
    const idempotency = { key: `${this.#rounds}`, fingerprint: "f" };
    // Several commits per round, as with many publishers.
    const store = this.#store(index % NODES);
    await store.log.append({ topicId: topic.id, messages: messages.slice(0, PER_ROUND / 2), idempotency });
    await store.log.append({ topicId: topic.id, messages: messages.slice(PER_ROUND / 2), idempotency: null });
    this.published += messages.length;
  }

  async #deliver(): Promise<void> {
    const wants = this.#subscriptions.map(({ id }) => ({
      subscriptionId: id,
      deliveriesMax: 25,
      bytesMax: 1_000_000,
      fromLog: true,
    }));
    for (let turn = 0; ; turn++) {
      this.#turns++;
      const store = this.#store(turn % NODES);
      const claims = await store.log.claim(wants, LEASE_MS);
      const taken = claims.filter(({ deliveries }) => deliveries.length > 0);
      if (taken.length === 0 && turn >= NODES) return;
      await Promise.all(taken.map((claim) => this.#settle(store, claim)));
    }
  }

  async #settle(store: PostgresStore, claim: Claim): Promise<void> {
    // A node hangs, and its lease expires.
    if (claim.id % 40 === 7) return;
    const outcomes = claim.deliveries.map((each, index) =>
      settlement(claim, each, this.#outcome(each.message.seq + index + this.#turns, each.attemptsMade)),
    );
    const half = Math.ceil(outcomes.length / 2);
    await store.log.settle(outcomes.slice(0, half));
    if (half < outcomes.length) await store.log.settle(outcomes.slice(half));
  }

  #outcome(chance: number, attemptsMade: number): Settled {
    if (attemptsMade === 0 && chance % 7 === 0) return parkedUntil(this.#clock.now() + 2 * ROUND_MS);
    if (attemptsMade === 1 && chance % 3 === 0) return parkedUntil(this.#clock.now() + 5 * ROUND_MS, 2);
    if (attemptsMade === 2 || chance % 41 === 0) return dead;
    return chance % 53 === 0 ? released : delivered;
  }

  async #redrive(): Promise<void> {
    for (const [index, { id }] of this.#subscriptions.entries()) {
      try {
        if ((this.#rounds + index) % 2 === 0) await this.#store(0).records.redriveDeadLetters(id, null);
        else await this.#store(0).records.purgeDeadLetters(id, null);
      } catch (error) {
        if (!(error instanceof RingbackError)) throw error;
      }
    }
  }

  async #pages(): Promise<number> {
    const [row] = await this.#server.query<{ pages: number }>(
      `SELECT sum(heap_blks_hit + heap_blks_read + coalesce(idx_blks_hit + idx_blks_read, 0))::float AS pages
         FROM pg_statio_user_tables WHERE schemaname = 'ringback'`,
      [],
      this.database,
    );
    return row?.pages ?? 0;
  }
}

/** Share of updates that stayed within their page and added no index entry. */
export function hotShare(figures: readonly TableFigures[], table: string): number {
  const found = figures.find((each) => each.table === table);
  return found === undefined || found.updates === 0 ? 1 : found.hotUpdates / found.updates;
}
