import type { DatabaseSync, SQLInputValue } from "node:sqlite";

export type Value = number | string | boolean | Uint8Array | null;
export type Row = Readonly<Record<string, Value>>;
/** The key of the last moved row. */
export type Position = readonly (number | string)[];

/** The type of a column. Arrays are sent as text in PostgreSQL's own notation. */
export type ColumnKind = "bigint" | "text" | "boolean" | "bytea" | "text[]" | "bigint[]";

const messageTexts = ["attributes", "content_type", "ordering_key", "request", "type"];
const attemptTexts = ["error_code", "error_detail", "last_error_code", "last_error_detail"];
const auditTexts = ["action", "details", "record_id", "target", "who"];
const tallyTexts = ["counts", "writer"];
const catalogTexts = ["disabled", "health", "name", "ordering", "plan", "settings", "state", "value"];
/** The columns that are not `bigint`. Columns of the same name have the same type in all tables. */
const columnsOfKind: Readonly<Record<Exclude<ColumnKind, "bigint">, readonly string[]>> = {
  boolean: ["active", "apart", "is_open", "paused"],
  bytea: ["body", "last_reply", "reply", "reply_body", "request_body"],
  "bigint[]": ["returned_seqs"],
  "text[]": ["routes", "tags"],
  text: [
    ...messageTexts,
    ...attemptTexts,
    ...auditTexts,
    "fingerprint",
    "head",
    "key",
    "kind",
    ...catalogTexts,
    "reason",
    ...tallyTexts,
  ],
};
const kinds = new Map(
  Object.entries(columnsOfKind).flatMap(([kind, names]) => names.map((name) => [name, kind as ColumnKind] as const)),
);

/** The columns of a table with their types. */
export function columnKinds({ columns }: MovedTable): readonly (readonly [name: string, kind: ColumnKind])[] {
  return columns.split(/,\s+/).map((name) => [name, kinds.get(name) ?? "bigint"]);
}

export interface MovedTable {
  /** The table in PostgreSQL. */
  readonly name: string;
  /** Name of the kind of rows, for display. */
  readonly label: string;
  /** The columns, separated by commas. */
  readonly columns: string;
  /** Columns of the target that identify the position of the move, in the order in which rows are read. */
  readonly key: readonly string[];
  /** A position before every row. */
  readonly start: Position;
  /**
   * Selects the rows after a position in the order of the key, without LIMIT. The parameters are the position's values.
   */
  readonly select: string;
  readonly bind?: (position: Position) => readonly SQLInputValue[];
  /** Converts a row of the source into a row of the target. */
  readonly toTarget?: (row: Row, db: DatabaseSync) => Row;
  /** Counts the rows. The count is an upper bound where an exact count would read the whole table. */
  readonly count: string;
  /** Selects the last id that the source has used. The target continues with the next one. */
  readonly ids?: string;
}

export interface BatchLimits {
  readonly rowsMax: number;
  /** A batch ends with the row that reaches this size. */
  readonly bytesMax: number;
}

export function readBatch(
  db: DatabaseSync,
  table: MovedTable,
  position: Position,
  limits: BatchLimits,
): readonly Row[] {
  const bound = table.bind?.(position) ?? position;
  const rows: Row[] = [];
  let bytes = 0;
  for (const found of db.prepare(`${table.select} LIMIT ?`).iterate(...bound, limits.rowsMax)) {
    const row = found as Row;
    const moved = table.toTarget?.(row, db) ?? row;
    rows.push(moved);
    bytes += bytesOf(moved);
    if (bytes >= limits.bytesMax) break;
  }
  return rows;
}

export function positionOf({ key }: MovedTable, row: Row): Position {
  return key.map((column) => row[column] as number | string);
}

const NUMBER_BYTES = 8;

function bytesOf(row: Row): number {
  let bytes = 0;
  for (const value of Object.values(row)) {
    bytes += typeof value === "string" ? value.length : value instanceof Uint8Array ? value.byteLength : NUMBER_BYTES;
  }
  return bytes;
}
