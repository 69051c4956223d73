import { afterAll, beforeAll, expect, it } from "vitest";
import { PostgresStore } from "../postgres-store.ts";
import { runScript } from "../testing/functional-script.ts";
import { storeOptions } from "../testing/postgres-database.ts";
import { PostgresServer } from "../testing/postgres-server.ts";

// Real: PostgreSQL, its roles and rights. Faked: the clock of the store.
let server: PostgresServer;
let count = 0;
beforeAll(async () => void (server = await PostgresServer.start()));
afterAll(() => server.stop());

interface Prepared {
  readonly name: string;
  /** Address with the role that has no rights but those that the test grants. */
  readonly url: string;
  /** Runs a statement of an administrator in the database. */
  readonly admin: (sql: string) => Promise<unknown>;
}

/** Creates a database that belongs to an administrator, and a role of the same name without rights in the database. */
async function withoutRights(): Promise<Prepared> {
  const name = `Limited-${++count}`;
  await server.query(`CREATE ROLE "${name}" LOGIN`);
  await server.query(`CREATE DATABASE "${name}"`);
  return {
    name,
    url: `postgres://${name}@127.0.0.1:${server.port}/${name}`,
    admin: (sql) => server.query(sql, [], name),
  };
}

const open = (url: string) => PostgresStore.open(storeOptions(url));

/** The statement of an error that gives the missing right. */
async function adviceOf(url: string, pattern: RegExp): Promise<string> {
  const error = await open(url).catch((failure: unknown) => failure as Error);
  if (!(error instanceof Error)) throw new Error("The store was opened.");
  expect(error.message).not.toContain("\n");
  const [, advice] = pattern.exec(error.message) ?? [];
  if (advice === undefined) throw new Error(`No advice: ${error.message}`);
  return advice;
}

it("uses a schema that an administrator has created for a role that may not create one", async () => {
  const { name, url, admin } = await withoutRights();
  await admin(`CREATE SCHEMA ringback AUTHORIZATION "${name}"`);
  expect((await runScript(url)).length).toBeGreaterThan(30);
  await (await open(url)).close();
});

it.each([
  ["creates the schema for the role", /An administrator can run (CREATE SCHEMA .*) in that database/],
  ["grants the right to create it", /, or (GRANT CREATE ON DATABASE .*)\.$/],
])("names the missing right when there is no schema, and starts when an administrator %s", async (_who, pattern) => {
  const { url, admin } = await withoutRights();
  await admin(await adviceOf(url, pattern));
  await (await open(url)).close();
});

it.each(["", "USAGE", "CREATE"])("names the rights on the schema that the role lacks when it has '%s'", async (has) => {
  const { name, url, admin } = await withoutRights();
  await admin("CREATE SCHEMA ringback");
  if (has !== "") await admin(`GRANT ${has} ON SCHEMA ringback TO "${name}"`);
  const advice = await adviceOf(url, /The owner of the schema can run (GRANT .*)\.$/);
  expect(advice).toBe(
    `GRANT ${["USAGE", "CREATE"].filter((right) => right !== has).join(", ")} ON SCHEMA ringback TO "${name}"`,
  );
  await admin(advice);
  await (await open(url)).close();
});

it("names the owner of tables to which the role could not add partitions, although it may read and write them", async () => {
  const { name, url, admin } = await withoutRights();
  await admin("CREATE ROLE owning CREATEDB LOGIN; ALTER SCHEMA public OWNER TO owning");
  await admin("CREATE SCHEMA ringback AUTHORIZATION owning");
  await (await open(url.replace(name, "owning"))).close();
  await admin(`GRANT USAGE, CREATE ON SCHEMA ringback TO "${name}"`);
  await admin(`GRANT ALL ON ALL TABLES IN SCHEMA ringback TO "${name}"`);
  const advice = await adviceOf(url, /An administrator can run (GRANT .*), or ALTER TABLE … OWNER TO/);
  expect(advice).toBe(`GRANT "owning" TO "${name}"`);
  await admin(advice);
  await (await open(url)).close();
});
