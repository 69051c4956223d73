import { shownMessage } from "../../domain/clock-rules.ts";
import type { AccountId, SubscriptionId } from "../../domain/model.ts";
import { accountScope, deadLetterScan, deadLetterSql, deadLetterValues } from "../dead-letter-search.ts";
import type { DeadLetterScope } from "../dead-letter-search.ts";
import type { ExaminedDeadLetter } from "../dead-letter-search.ts";
import type { PageRequest } from "../page.ts";
import type { AccountDeadLetterFilter, DeadLetterFilter } from "../record-filters.ts";
import { toRecordId } from "../record-page.ts";
import { toDeadLetter, type DeadLetterRow } from "../record-rows.ts";
import type { DeadLetter, ListedDeadLetter } from "../records.ts";
import { positionText, searchPage, type SearchPage } from "../search.ts";
import { subscriptionName } from "./attempt-records.ts";
import type { Connection } from "./connection.ts";
import type { ConnectionPool } from "./database.ts";
import { postgresLimits } from "./postgres-limits.ts";
import { toMessage } from "./columns.ts";
import type { StoreContext } from "./store-context.ts";

type LetterRow = DeadLetterRow<readonly string[]>;

interface ListedRow extends LetterRow {
  readonly subscription_id: SubscriptionId;
  readonly subscription: string;
  readonly topic: string;
}

const { columns, range, newestFirst } = deadLetterSql((number, type) => `$${number}::${type}`);

/** The dead letters of a deleted subscription exist until retention removes them. Lists of an account skip them. */
const shown = (source: DeadLetterScope["source"], owner: string): string => `
  SELECT id, "atMs", "subscriptionId", matches AND EXISTS (
    SELECT 1 FROM ringback.subscription s JOIN ringback.topic t ON t.id = s.topic_id
    WHERE s.id = "subscriptionId" AND position(':' in s.name) = 0 AND position(':' in t.name) = 0
  ) AS matches FROM (SELECT ${columns} FROM ringback.dead_letter WHERE ${range(source, owner)}) d ${newestFirst}`;

export const deadLetterQueries: Record<DeadLetterScope["source"], string> = {
  subscription: `SELECT ${columns} FROM ringback.dead_letter WHERE ${range("subscription", "$1::bigint")}`,
  account: shown("account", "$1::bigint"),
  topic: `SELECT f.* FROM unnest($1::bigint[]) AS wanted (id) CROSS JOIN LATERAL (
    ${shown("topic", "wanted.id")}) f ${newestFirst}`,
};

const listedQuery = `SELECT d.*, s.name AS subscription, t.name AS topic FROM unnest($1::bigint[]) AS wanted (id)
  JOIN ringback.dead_letter d ON d.id = wanted.id AND d.redriven_at IS NULL
  JOIN ringback.subscription s ON s.id = d.subscription_id JOIN ringback.topic t ON t.id = s.topic_id`;

type Change = (connection: Connection, id: SubscriptionId, deadLetterIds: readonly number[]) => Promise<unknown>;

/** Lists, redrives and purges dead letters. */
export class DeadLetters {
  readonly #context: StoreContext;
  readonly #pool: ConnectionPool;

  constructor(context: StoreContext) {
    this.#context = context;
    this.#pool = context.database.rest;
  }

  async list(
    id: SubscriptionId,
    page: PageRequest,
    filter: DeadLetterFilter = {},
  ): Promise<SearchPage<ListedDeadLetter>> {
    await subscriptionName(this.#pool, id);
    return this.#search({ source: "subscription", ids: [id] }, page, filter);
  }

  listOfAccount(
    id: AccountId,
    page: PageRequest,
    filter: AccountDeadLetterFilter = {},
  ): Promise<SearchPage<ListedDeadLetter>> {
    return this.#search(accountScope(id, filter.topicIds), page, filter);
  }

  async #search(
    scope: DeadLetterScope,
    page: PageRequest,
    filter: DeadLetterFilter,
  ): Promise<SearchPage<ListedDeadLetter>> {
    const { source } = scope;
    const found = await searchPage(page, async (after, count) => {
      const scan = deadLetterScan(scope, filter, after, count);
      const values = [source === "topic" ? scope.ids : scope.ids[0], ...deadLetterValues(scan)];
      const rows = await this.#pool.query<ExaminedDeadLetter>(
        deadLetterQueries[source],
        values,
        `dead_letters_${source}`,
      );
      return rows.map(({ id, atMs, matches }) => ({
        position: positionText({ atMs, id }),
        item: Boolean(matches) ? id : null,
      }));
    });
    const rows = await this.#pool.query<ListedRow>(listedQuery, [found.items], "listed_dead_letters");
    const letters = new Map(rows.map((row) => [row.id, this.#toListed(row)]));
    // A dead letter can be redriven or purged between the two reads.
    const items = found.items.map((id) => letters.get(id)).filter((letter) => letter !== undefined);
    return { ...found, items };
  }

  #toListed(row: ListedRow): ListedDeadLetter {
    const { subscription_id: subscriptionId, subscription, topic } = row;
    return { ...this.#toLetter(row), subscriptionId, subscription, topic };
  }

  async get(id: SubscriptionId, deadLetterId: string): Promise<DeadLetter | null> {
    const number = toRecordId(deadLetterId);
    if (number === null) return null;
    const [row] = await this.#pool.query<LetterRow>(
      "SELECT * FROM ringback.dead_letter WHERE id = $1 AND subscription_id = $2 AND redriven_at IS NULL",
      [number, id],
      "get_dead_letter",
    );
    return row === undefined ? null : this.#toLetter(row);
  }

  /**
   * Turns each dead letter into a parked delivery that is due now. Until the delivery is settled, the dead letter is
   * not listed, but it still keeps the message, even after the log has dropped the message. A success deletes the dead
   * letter. After another failure the dead letter is listed again.
   */
  redrive(id: SubscriptionId, ids: readonly string[] | null): Promise<number> {
    return this.#eachStep(id, ids, (connection, subscriptionId, deadLetterIds) =>
      connection.query(
        `WITH chosen AS (
           SELECT id, seq, attempts FROM ringback.dead_letter WHERE id = ANY ($2::bigint[])
         ), parked AS (
           INSERT INTO ringback.parked (subscription_id, seq, due_at, attempts, retries, dead_letter_id)
           SELECT $1, c.seq, coalesce(($3::bigint[])[1], ringback.steady_ms()), c.attempts, 0, c.id FROM chosen c
             JOIN ringback.subscription_cursor k ON k.subscription_id = $1
             WHERE c.seq <= k.scanned_through AND c.seq <> ALL (k.returned_seqs) AND NOT EXISTS (
               SELECT 1 FROM ringback.claim l WHERE l.subscription_id = $1 AND c.seq = ANY (l.seqs))
           ON CONFLICT (subscription_id, seq) DO NOTHING RETURNING dead_letter_id
         ), marked AS (
           UPDATE ringback.dead_letter SET redriven_at = coalesce(($3::bigint[])[2], ringback.now_ms())
             WHERE id IN (SELECT dead_letter_id FROM parked)
         )
         -- A delivery that is parked already, or still to be read from the log after a rewind, replaces the redriven
         -- one.
         DELETE FROM ringback.dead_letter WHERE id IN (SELECT id FROM chosen EXCEPT SELECT dead_letter_id FROM parked)`,
        [subscriptionId, deadLetterIds, this.#context.times.at()],
        "redrive",
      ),
    );
  }

  purge(id: SubscriptionId, ids: readonly string[] | null): Promise<number> {
    return this.#eachStep(id, ids, (connection, _, deadLetterIds) =>
      connection.query("DELETE FROM ringback.dead_letter WHERE id = ANY ($1::bigint[])", [deadLetterIds]),
    );
  }

  async #eachStep(id: SubscriptionId, ids: readonly string[] | null, change: Change): Promise<number> {
    await subscriptionName(this.#pool, id);
    const step = postgresLimits.deadLetterStep;
    const wanted = ids?.map(toRecordId).filter((number) => number !== null);
    // The steps go by ascending id. A delivery that fails again during the loop keeps the id of its dead letter, and
    // the loop has passed this id already. So no dead letter is redriven twice.
    const [last] = await this.#pool.query<{ id: number | null }>(
      "SELECT max(id) AS id FROM ringback.dead_letter WHERE redriven_at IS NULL AND subscription_id = $1",
      [id],
      "last_dead_letter",
    );
    let total = 0;
    for (let afterId = 0; ;) {
      const range = [id, afterId, last?.id ?? 0, step];
      const chosen = await this.#step(wanted === undefined ? range : [...range, wanted], change);
      if (chosen.length > 0) this.#context.ready([id]);
      total += chosen.length;
      if (chosen.length < step) return total;
      afterId = chosen.at(-1) as number;
    }
  }

  /**
   * `values`: subscription id, the id after which the step begins, the last id, the maximum number of dead letters, and
   * the ids to which the step is restricted (null: no restriction).
   */
  #step(values: readonly unknown[], change: Change): Promise<readonly number[]> {
    return this.#pool.transaction(async (connection) => {
      // The lock ensures that no delivery is parked for a subscription that another session has just deleted.
      const [cursor] = await connection.query<{ id: SubscriptionId }>(
        "SELECT subscription_id AS id FROM ringback.subscription_cursor WHERE subscription_id = $1 FOR UPDATE",
        [values[0]],
      );
      if (cursor === undefined) return [];
      const rows = await connection.query<{ id: number }>(
        `SELECT id FROM ringback.dead_letter
           WHERE subscription_id = $1 AND redriven_at IS NULL AND id > $2 AND id <= $3
             ${values.length === 5 ? "AND id = ANY ($5::bigint[])" : ""} ORDER BY id LIMIT $4 FOR UPDATE`,
        values,
      );
      const chosen = rows.map(({ id }) => id);
      if (chosen.length > 0) await change(connection, cursor.id, chosen);
      return chosen;
    });
  }

  #toLetter(row: LetterRow): DeadLetter {
    return toDeadLetter(row, shownMessage(this.#context.times, toMessage(row.topic_id, row)));
  }
}
