import { Client, types, type ClientConfig } from "pg";
import { parseAddress } from "../postgres-address.ts";
import { postgresLimits } from "./postgres-limits.ts";

/** Sends statements to the database. Either a pool, or one connection, for example with an open transaction. */
export interface Connection {
  /** With a `name`, each connection prepares the statement only once. */
  query<T extends object>(sql: string, values?: readonly unknown[], name?: string): Promise<T[]>;
}

/**
 * Calls a function of the schema. The prepared statement has the name of the function. PostgreSQL takes the types of
 * the parameters from the function.
 */
export function call<T extends object>(
  connection: Connection,
  sqlFunction: string,
  values: readonly unknown[],
): Promise<T[]> {
  const parameters = values.map((_, index) => `$${index + 1}`).join(", ");
  return connection.query<T>(`SELECT * FROM ringback.${sqlFunction}(${parameters})`, values, sqlFunction);
}

/** Calls a function of the schema that returns one value. */
export async function callValue<T>(
  connection: Connection,
  sqlFunction: string,
  values: readonly unknown[],
): Promise<T | null> {
  const [row] = await call<Record<string, T>>(connection, sqlFunction, values);
  return row?.[sqlFunction] ?? null;
}

/** Options of every connection to the database. */
export function clientConfig(url: string, applicationName: string): ClientConfig {
  return {
    connectionString: parseAddress(url).url,
    application_name: applicationName,
    connectionTimeoutMillis: postgresLimits.connectMsMax,
    keepAlive: true,
    types: valueTypes,
  };
}

/**
 * Creates a client outside the pools, not connected yet. A statement that is interrupted by `end` fails with an error.
 */
export function newClient(url: string, applicationName: string, config: ClientConfig = {}): Client {
  const client = new Client({ ...clientConfig(url, applicationName), ...config });
  client.on("error", () => {});
  return client;
}

/** Sends statements over a connection outside the pools. */
export function connectionOf(client: Client): Connection {
  return {
    query: async <T extends object>(sql: string, values: readonly unknown[] = []) =>
      (await client.query<T>(sql, [...values])).rows,
  };
}

const BIGINT: number = types.builtins.INT8;
const BYTES: number = types.builtins.BYTEA;
const BIGINT_ARRAY = 1016;

/**
 * Parses int8 as a number, since every number in the schema is an integer below 2^53. The pg library would return text.
 */
const valueTypes = {
  getTypeParser(oid: number, format?: "text" | "binary") {
    if (oid === BIGINT) return Number;
    if (oid === BYTES) return toBytes;
    if (oid === BIGINT_ARRAY) return (text: string) => (text === "{}" ? [] : text.slice(1, -1).split(",").map(Number));
    return types.getTypeParser(oid, format);
  },
};

/**
 * Decodes hexadecimal text after `\x` into a plain Uint8Array, as the SQLite driver returns it, and not into a Buffer.
 */
function toBytes(text: string): Uint8Array {
  const { buffer, byteOffset, byteLength } = Buffer.from(text.slice(2), "hex");
  return new Uint8Array(buffer, byteOffset, byteLength);
}
