import type { SubscriptionId } from "../../domain/model.ts";
import type { Page, PageRequest } from "../page.ts";
import { beforeId, recordPage, toRecordId } from "../record-page.ts";
import { toDeadLetter, type DeadLetterRow } from "../record-rows.ts";
import type { DeadLetter } from "../records.ts";
import { subscriptionName } from "./attempt-records.ts";
import type { Connection } from "./connection.ts";
import type { ConnectionPool } from "./database.ts";
import { postgresLimits } from "./postgres-limits.ts";
import { toMessage } from "./rows.ts";
import type { Times } from "./times.ts";

type LetterRow = DeadLetterRow<readonly string[]>;

interface Chosen {
  readonly id: number;
  readonly seq: number;
  readonly attempts: number;
}

/** Dead letters that one step works on: the given ids, or the first ones after `afterId` up to `throughId`. */
type Selection = { readonly ids: readonly number[] } | { readonly afterId: number; readonly throughId: number };

type Change = (connection: Connection, id: SubscriptionId, chosen: readonly Chosen[]) => Promise<void>;

/** Lists, redrives and purges dead letters. */
export class DeadLetters {
  readonly #pool: ConnectionPool;
  readonly #times: Times;
  readonly #ready: (id: SubscriptionId) => void;

  constructor(pool: ConnectionPool, times: Times, ready: (id: SubscriptionId) => void) {
    this.#pool = pool;
    this.#times = times;
    this.#ready = ready;
  }

  async list(id: SubscriptionId, page: PageRequest): Promise<Page<DeadLetter>> {
    await subscriptionName(this.#pool, id);
    const rows = await this.#pool.query<LetterRow>(
      `SELECT * FROM ringback.dead_letter WHERE subscription_id = $1 AND redriven_at IS NULL AND id < $2
         ORDER BY id DESC LIMIT $3`,
      [id, beforeId(page), page.limit + 1],
      "list_dead_letters",
    );
    return recordPage(rows, page, toLetter);
  }

  async get(id: SubscriptionId, deadLetterId: string): Promise<DeadLetter | null> {
    const number = toRecordId(deadLetterId);
    if (number === null) return null;
    const [row] = await this.#pool.query<LetterRow>(
      "SELECT * FROM ringback.dead_letter WHERE id = $1 AND subscription_id = $2 AND redriven_at IS NULL",
      [number, id],
      "get_dead_letter",
    );
    return row === undefined ? null : toLetter(row);
  }

  /**
   * Turns a dead letter into a parked delivery that is due now. The delivery keeps a reference to its dead letter,
   * which keeps the message after its retention in the log. A delivered message deletes its dead letter; after another
   * failure the dead letter is listed again.
   */
  redrive(id: SubscriptionId, ids: readonly string[] | null): Promise<number> {
    return this.#eachStep(id, ids, async (connection, subscriptionId, chosen) => {
      await connection.query(
        `WITH chosen AS (
           SELECT * FROM unnest($2::bigint[], $3::bigint[], $4::bigint[]) AS c (id, seq, attempts)
         ), parked AS (
           INSERT INTO ringback.parked (subscription_id, seq, due_at, attempts, retries, dead_letter_id)
           SELECT $1, c.seq, coalesce($5, ringback.now_ms()), c.attempts, 0, c.id FROM chosen c
             JOIN ringback.subscription_cursor k ON k.subscription_id = $1
             WHERE c.seq <= k.scanned_through AND c.seq <> ALL (k.returned_seqs) AND NOT EXISTS (
               SELECT 1 FROM ringback.claim l WHERE l.subscription_id = $1 AND c.seq = ANY (l.seqs))
           ON CONFLICT (subscription_id, seq) DO NOTHING RETURNING dead_letter_id
         ), marked AS (
           UPDATE ringback.dead_letter SET redriven_at = coalesce($5, ringback.now_ms())
             WHERE id IN (SELECT dead_letter_id FROM parked)
         )
         -- A delivery that is parked already, or still to be read from the log after a rewind, replaces the redriven one.
         DELETE FROM ringback.dead_letter WHERE id IN (SELECT id FROM chosen EXCEPT SELECT dead_letter_id FROM parked)`,
        [
          subscriptionId,
          chosen.map(({ id }) => id),
          chosen.map(({ seq }) => seq),
          chosen.map(({ attempts }) => attempts),
          this.#times.at(),
        ],
        "redrive",
      );
    }).then((count) => {
      if (count > 0) this.#ready(id);
      return count;
    });
  }

  purge(id: SubscriptionId, ids: readonly string[] | null): Promise<number> {
    return this.#eachStep(id, ids, async (connection, _, chosen) => {
      await connection.query("DELETE FROM ringback.dead_letter WHERE id = ANY ($1::bigint[])", [
        chosen.map(({ id }) => id),
      ]);
    });
  }

  async #eachStep(id: SubscriptionId, ids: readonly string[] | null, change: Change): Promise<number> {
    await subscriptionName(this.#pool, id);
    const step = postgresLimits.deadLetterStep;
    let total = 0;
    if (ids !== null) {
      const wanted = [...new Set(ids.map(toRecordId).filter((number) => number !== null))];
      while (wanted.length > 0) total += (await this.#step(id, { ids: wanted.splice(0, step) }, change)).length;
      return total;
    }
    // A dead letter that fails again during the loop keeps its id, which is below `afterId` by then, so it is not
    // redriven twice.
    const throughId = await this.#lastId(id);
    for (let afterId = 0; ;) {
      const chosen = await this.#step(id, { afterId, throughId }, change);
      const last = chosen.at(-1);
      if (last === undefined) return total;
      total += chosen.length;
      afterId = last.id;
      this.#ready(id);
    }
  }

  #step(id: SubscriptionId, selection: Selection, change: Change): Promise<readonly Chosen[]> {
    return this.#pool.transaction(async (connection) => {
      // Nothing is parked for a subscription that has just gone.
      const [cursor] = await connection.query(
        "SELECT 1 FROM ringback.subscription_cursor WHERE subscription_id = $1 FOR UPDATE",
        [id],
      );
      if (cursor === undefined) return [];
      const chosen = await choose(connection, id, selection);
      if (chosen.length > 0) await change(connection, id, chosen);
      return chosen;
    });
  }

  async #lastId(id: SubscriptionId): Promise<number> {
    const [row] = await this.#pool.query<{ id: number | null }>(
      "SELECT max(id) AS id FROM ringback.dead_letter WHERE redriven_at IS NULL AND subscription_id = $1",
      [id],
      "last_dead_letter",
    );
    return row?.id ?? 0;
  }
}

function choose(connection: Connection, id: SubscriptionId, selection: Selection): Promise<Chosen[]> {
  const select = `SELECT id, seq, attempts FROM ringback.dead_letter WHERE subscription_id = $1 AND redriven_at IS NULL`;
  if ("ids" in selection) {
    return connection.query<Chosen>(`${select} AND id = ANY ($2::bigint[]) ORDER BY id FOR UPDATE`, [
      id,
      selection.ids,
    ]);
  }
  return connection.query<Chosen>(`${select} AND id > $2 AND id <= $3 ORDER BY id LIMIT $4 FOR UPDATE`, [
    id,
    selection.afterId,
    selection.throughId,
    postgresLimits.deadLetterStep,
  ]);
}

function toLetter(row: LetterRow): DeadLetter {
  return toDeadLetter(row, toMessage(row.topic_id, row));
}
