import type pg from "pg";
import { topic, type Customer } from "./customers.ts";
import type { Ringback } from "./ringback.ts";

interface Row {
  readonly id: string;
  readonly account: string;
  readonly type: string;
  readonly body: object;
}

const pollMs = 200;

/**
 * Changes the SaaS and says so in one transaction, so that neither happens without the other. What was said waits in
 * the table `outbox` until Ringback has it. The key makes a publish that is repeated after a crash count once.
 */
export class Outbox {
  readonly #pool: pg.Pool;
  readonly #ringback: Ringback;

  constructor(pool: pg.Pool, ringback: Ringback) {
    this.#pool = pool;
    this.#ringback = ringback;
  }

  start(): void {
    void this.#publishAll().finally(() => setTimeout(() => this.start(), pollMs));
  }

  async addInvoice(customer: Customer, amount: number): Promise<void> {
    const insert = "INSERT INTO invoice (customer_id, amount) VALUES ($1, $2) RETURNING id, amount, state";
    await this.#change(customer, "invoice.created", insert, [customer.id, amount]);
  }

  /** Does nothing for an invoice that is paid already. */
  async payInvoice(customer: Customer, id: number): Promise<void> {
    const update = `UPDATE invoice SET state = 'paid' WHERE customer_id = $1 AND id = $2 AND state = 'open'
      RETURNING id, amount, state`;
    await this.#change(customer, "invoice.paid", update, [customer.id, id]);
  }

  async #change({ account }: Customer, type: string, change: string, values: readonly unknown[]): Promise<void> {
    const sql = `WITH changed AS (${change})
      INSERT INTO outbox (account, type, body) SELECT $3, $4, to_jsonb(changed) FROM changed`;
    await this.#pool.query(sql, [...values, account, type]);
  }

  async #publishAll(): Promise<void> {
    try {
      const { rows } = await this.#pool.query<Row>("SELECT id, account, type, body FROM outbox ORDER BY id LIMIT 100");
      for (const row of rows) await this.#publish(row);
    } catch (error) {
      console.error("events wait, and will be tried again:", error instanceof Error ? error.message : error);
    }
  }

  async #publish({ id, account, type, body }: Row): Promise<void> {
    const message = { type, body: { type, timestamp: new Date().toISOString(), data: body } };
    await this.#ringback.as(account).publish(topic, message, { idempotencyKey: `outbox-${id}` });
    await this.#pool.query("DELETE FROM outbox WHERE id = $1", [id]);
  }
}
