import type pg from "pg";
import type { Ringback } from "./ringback.ts";

export interface Customer {
  readonly id: number;
  readonly name: string;
  /** The customer's account at Ringback. Accounts see nothing of each other. */
  readonly account: string;
}

export interface Invoice {
  readonly id: number;
  readonly amount: string;
  readonly state: string;
}

/** The topic to which every customer's events are published, in the customer's own account. */
export const topic = "events";

const eventTypes = {
  "invoice.created": "An invoice was made.",
  "invoice.paid": "An invoice was paid in full.",
};

export class Customers {
  readonly #pool: pg.Pool;
  readonly #ringback: Ringback;
  readonly #origin: string;

  constructor(pool: pg.Pool, ringback: Ringback, origin: string) {
    this.#pool = pool;
    this.#ringback = ringback;
    this.#origin = origin;
  }

  async list(): Promise<readonly Customer[]> {
    return (await this.#pool.query<Customer>("SELECT id, name, account FROM customer ORDER BY id")).rows;
  }

  async find(id: number): Promise<Customer | undefined> {
    return (await this.list()).find((customer) => customer.id === id);
  }

  async invoices({ id }: Customer): Promise<readonly Invoice[]> {
    const sql = "SELECT id, amount, state FROM invoice WHERE customer_id = $1 ORDER BY id DESC";
    return (await this.#pool.query<Invoice>(sql, [id])).rows;
  }

  async add(name: string): Promise<Customer> {
    const sql = "INSERT INTO customer (name) VALUES ($1) RETURNING id, name, account";
    const [customer] = (await this.#pool.query<Customer>(sql, [name])).rows;
    if (customer === undefined) throw new Error("the customer was not stored");
    await this.#addAccount(customer);
    return customer;
  }

  /** Every call is a PUT, so it may be repeated. */
  async #addAccount({ account, name }: Customer): Promise<void> {
    const portal = { name: `Webhooks of ${name}`, accent: "#0f766e", frameAncestors: [this.#origin] };
    const limits = { publishesPerSecondMax: 100, subscriptionsMax: 20 };
    await this.#ringback.client.put("/v1/accounts/{account}", {
      params: { path: { account } },
      body: { portal, limits },
    });
    const client = this.#ringback.as(account);
    for (const [type, description] of Object.entries(eventTypes)) {
      await client.put("/v1/event-types/{type}", { params: { path: { type } }, body: { description } });
    }
    await client.put("/v1/topics/{topic}", { params: { path: { topic } }, body: {} });
  }

  /** The page on which the customer looks after its endpoints, for a quarter of an hour. */
  async portalUrl({ account, name }: Customer): Promise<string> {
    const { url } = await this.#ringback.as(account).post("/v1/portal-links", { body: { name, expiresInS: 900 } });
    return url;
  }
}
