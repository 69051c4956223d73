import { types } from "pg";

/** What statements are sent through: a pool, or one connection of it that has a transaction open. */
export interface Connection {
  /** `name` lets the connection prepare the statement once. */
  query<T extends object>(sql: string, values?: readonly unknown[], name?: string): Promise<T[]>;
}

const BIGINT: number = types.builtins.INT8;
const BYTES: number = types.builtins.BYTEA;
const BIGINT_ARRAY = 1016;

/** Every number that we keep is a whole one below 2^53; the library would hand out text for it. */
export const valueTypes = {
  getTypeParser(oid: number, format?: "text" | "binary") {
    if (oid === BIGINT) return Number;
    if (oid === BYTES) return toBytes;
    if (oid === BIGINT_ARRAY) return (text: string) => (text === "{}" ? [] : text.slice(1, -1).split(",").map(Number));
    return types.getTypeParser(oid, format);
  },
};

/** Hexadecimal text after `\x`. Plain bytes, as the other driver gives them: a Buffer shows itself as something else. */
function toBytes(text: string): Uint8Array {
  const { buffer, byteOffset, byteLength } = Buffer.from(text.slice(2), "hex");
  return new Uint8Array(buffer, byteOffset, byteLength);
}
