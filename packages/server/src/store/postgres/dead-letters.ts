import { shownMessage } from "../../domain/clock-rules.ts";
import type { SubscriptionId } from "../../domain/model.ts";
import type { Page, PageRequest } from "../page.ts";
import { beforeId, recordPage, toRecordId } from "../record-page.ts";
import { toDeadLetter, type DeadLetterRow } from "../record-rows.ts";
import type { DeadLetter } from "../records.ts";
import { subscriptionName } from "./attempt-records.ts";
import type { Connection } from "./connection.ts";
import type { ConnectionPool } from "./database.ts";
import { postgresLimits } from "./postgres-limits.ts";
import { toMessage } from "./columns.ts";
import type { StoreContext } from "./store-context.ts";

type LetterRow = DeadLetterRow<readonly string[]>;

type Change = (connection: Connection, id: SubscriptionId, deadLetterIds: readonly number[]) => Promise<unknown>;

/** Lists, redrives and purges dead letters. */
export class DeadLetters {
  readonly #context: StoreContext;
  readonly #pool: ConnectionPool;

  constructor(context: StoreContext) {
    this.#context = context;
    this.#pool = context.database.rest;
  }

  async list(id: SubscriptionId, page: PageRequest): Promise<Page<DeadLetter>> {
    await subscriptionName(this.#pool, id);
    const rows = await this.#pool.query<LetterRow>(
      `SELECT * FROM ringback.dead_letter WHERE subscription_id = $1 AND redriven_at IS NULL AND id < $2
         ORDER BY id DESC LIMIT $3`,
      [id, beforeId(page), page.limit + 1],
      "list_dead_letters",
    );
    return recordPage(rows, page, (row) => this.#toLetter(row));
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
