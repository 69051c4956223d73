import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { newClient, connectionOf } from "./connection.ts";
import { prepareSession } from "./session.ts";
import { sessionSettings } from "./session-settings.ts";
import { PostgresStore } from "./postgres-store.ts";
import { runScript } from "./testing/functional-script.ts";
import { storeOptions } from "./testing/postgres-database.ts";
import { PostgresServer } from "./testing/postgres-server.ts";

// Real: PostgreSQL, its settings of databases and roles. Faked: the clock of the store, so that two runs are equal.
let server: PostgresServer;
let expected: readonly unknown[];
let count = 0;

beforeAll(async () => {
  server = await PostgresServer.start();
  expected = await runScript(await preparedDatabase([], "DATABASE"));
});
afterAll(() => server.stop());

type Scope = "DATABASE" | "ROLE";
type Assignment = readonly [name: string, value: string];

/** Creates a database and a role that owns the database, with the settings for one of the two. Returns the URL. */
async function preparedDatabase(settings: readonly Assignment[], scope: Scope, rights = ""): Promise<string> {
  const name = `hostile_${++count}`;
  await server.query(`CREATE ROLE ${name} LOGIN ${rights}`);
  await server.query(`CREATE DATABASE ${name} OWNER ${name}`);
  for (const [setting, value] of settings) await server.query(`ALTER ${scope} ${name} SET ${setting} = ${value}`);
  return `postgres://${name}@127.0.0.1:${server.port}/${name}`;
}

const hostile: Readonly<Record<string, readonly Assignment[]>> = {
  "text formats": [
    ["bytea_output", "escape"],
    ["datestyle", "'SQL, DMY'"],
    ["intervalstyle", "sql_standard"],
    ["timezone", "'Asia/Kathmandu'"],
    ["extra_float_digits", "-15"],
    ["client_encoding", "LATIN1"],
    ["xmloption", "document"],
    ["xmlbinary", "hex"],
    ["quote_all_identifiers", "on"],
    ["lc_messages", "'C'"],
    ["client_min_messages", "debug5"],
  ],
  "rules of strings, nulls and names": [
    ["array_nulls", "off"],
    ["transform_null_equals", "on"],
    ["standard_conforming_strings", "off"],
    ["backslash_quote", "off"],
    ["search_path", "nowhere"],
    ["row_security", "on"],
    ["default_text_search_config", "'simple'"],
    ["plpgsql.extra_errors", "'all'"],
    ["plpgsql.extra_warnings", "'all'"],
    ["plpgsql.variable_conflict", "use_variable"],
    ["plpgsql.check_asserts", "off"],
    ["check_function_bodies", "off"],
  ],
  "serializable transactions": [
    ["default_transaction_isolation", "serializable"],
    ["default_transaction_deferrable", "on"],
    ["synchronous_commit", "off"],
    ["exit_on_error", "on"],
  ],
  "repeatable reads": [["default_transaction_isolation", "'repeatable read'"]],
  "short time limits": [
    ["statement_timeout", "1000"],
    ["lock_timeout", "1000"],
    ["idle_in_transaction_session_timeout", "1000"],
    ["idle_session_timeout", "2000"],
    ["transaction_timeout", "2000"],
  ],
};

const scopes: readonly Scope[] = ["DATABASE", "ROLE"];

describe.each(scopes)("as settings of the %s", (scope) => {
  it.each(Object.entries(hostile))("%s change no result", async (_name, settings) => {
    expect(await runScript(await preparedDatabase(await known(settings), scope))).toEqual(expected);
  });
});

/** Leaves out the settings that this version of PostgreSQL does not know. */
async function known(settings: readonly Assignment[]): Promise<Assignment[]> {
  const rows = await server.query<{ name: string }>("SELECT lower(name) AS name FROM pg_settings");
  const names = new Set(rows.map(({ name }) => name));
  return settings.filter(([name]) => names.has(name) || name.startsWith("plpgsql."));
}

/** Settings that the walk leaves alone, each with the reason. */
const untouched: Readonly<Record<string, string>> = {
  default_transaction_read_only: "obeyed: an administrator stops all writes with it; see breakage.test.ts",
  client_min_messages: "the lowest value makes the server of the test write to the output of the test",
  session_replication_role: "tested below: a role without rights cannot undo it",
  max_stack_depth: "the largest value is larger than the stack that the operating system grants",
  allow_system_table_mods: "changes no statement of ours, and may not be set for a database",
};

interface Known {
  readonly name: string;
  readonly vartype: "bool" | "enum" | "integer" | "real" | "string";
  readonly setting: string;
  readonly min_val: string | null;
  readonly max_val: string | null;
  readonly enumvals: string[] | null;
}

/** Every setting that a database may have, with the value furthest from the default in one direction. */
async function extremes(direction: "lowest" | "highest"): Promise<Assignment[]> {
  const all = await server.query<Known>(
    `SELECT name, vartype, boot_val AS setting, min_val, max_val, enumvals FROM pg_settings
     WHERE context IN ('user', 'superuser') AND vartype <> 'string' AND name !~ '^(transaction|log|debug|trace)_'`,
  );
  return all.flatMap(({ name, vartype, setting, min_val, max_val, enumvals }): Assignment[] => {
    if (Object.hasOwn(untouched, name)) return [];
    const others = (enumvals ?? []).filter((value) => value !== setting);
    const value = {
      bool: setting === "on" ? "off" : "on",
      enum: (direction === "lowest" ? others[0] : others.at(-1)) ?? setting,
      integer: direction === "lowest" ? min_val : max_val,
      real: direction === "lowest" ? min_val : max_val,
      string: setting,
    }[vartype];
    return [[name, `'${value ?? setting}'`]];
  });
}

it.each([
  ["lowest", "DATABASE"],
  ["highest", "ROLE"],
] as const)("every setting at its %s value for the %s changes no result", async (direction, scope) => {
  const settings = await extremes(direction);
  expect(settings.length).toBeGreaterThan(100);
  expect(await runScript(await preparedDatabase(settings, scope))).toEqual(expected);
});

async function readSettings(url: string): Promise<Record<string, string>> {
  const client = newClient(url, "reading");
  await client.connect();
  try {
    const connection = connectionOf(client);
    await prepareSession(connection, { statementMsMax: 0 });
    const rows = await connection.query<{ name: string; value: string }>(
      "SELECT lower(name) AS name, current_setting(name) AS value FROM pg_settings",
    );
    return Object.fromEntries(rows.map(({ name, value }) => [name, value]));
  } finally {
    await client.end();
  }
}

describe("a session", () => {
  it("has the value of the list in each setting, and keeps a synchronous_commit that is durable", async () => {
    const url = await preparedDatabase(await known(Object.values(hostile).flat()), "DATABASE");
    const durable = await preparedDatabase([["synchronous_commit", "remote_apply"]], "ROLE");
    expect(await readSettings(durable)).toMatchObject({ synchronous_commit: "remote_apply" });
    const settings = await readSettings(url);
    // A setting that this version of PostgreSQL lacks is not set.
    const present = sessionSettings.filter(({ name }) => settings[name] !== undefined);
    expect(present.length).toBeGreaterThan(20);
    expect(settings).toMatchObject(Object.fromEntries(present.map(({ name, value }) => [name, value])));
  });
});

describe("session_replication_role = replica, which only a superuser can set", () => {
  const replica: readonly Assignment[] = [["session_replication_role", "replica"]];

  it("stops the start of a server whose role cannot undo it, and the error says how to remove it", async () => {
    const url = await preparedDatabase(replica, "DATABASE");
    await expect(PostgresStore.open(storeOptions(url))).rejects.toThrow(
      /sets session_replication_role, and the role may not set it to origin\. .* ALTER DATABASE … RESET session_replication_role\.$/,
    );
  });

  it("is undone by a role that may", async () => {
    expect(await runScript(await preparedDatabase(replica, "ROLE", "SUPERUSER"))).toEqual(expected);
  });
});
