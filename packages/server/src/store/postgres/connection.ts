import { types } from "pg";

/** Sends statements: a pool, or one of its connections with an open transaction. */
export interface Connection {
  /** `name` lets the connection prepare the statement once. */
  query<T extends object>(sql: string, values?: readonly unknown[], name?: string): Promise<T[]>;
}

const BIGINT: number = types.builtins.INT8;
const BYTES: number = types.builtins.BYTEA;
const BIGINT_ARRAY = 1016;

/**
 * Parses int8 as a number, since every number in the schema is an integer below 2^53. The pg library would return text.
 */
export const valueTypes = {
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
