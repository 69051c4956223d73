import type { DatabaseSync, SQLInputValue } from "node:sqlite";

export type Value = number | string | boolean | Uint8Array | null;
export type Row = Readonly<Record<string, Value>>;
/** The key of the last row that has been moved. */
export type Position = readonly (number | string)[];

/** How a column travels. Arrays travel in PostgreSQL's own writing, which is a text. */
export type ColumnKind = "bigint" | "text" | "boolean" | "bytea" | "text[]" | "bigint[]";

export interface MovedTable {
  /** In PostgreSQL. */
  readonly name: string;
  /** What people are told. */
  readonly label: string;
  readonly columns: Readonly<Record<string, ColumnKind>>;
  /** Columns of the target that tell how far the move has come, in the order in which rows are read. */
  readonly key: readonly string[];
  /** Lies before every row. */
  readonly start: Position;
  /** Rows after a position, which takes the place of its parameters, in the order of the key; without LIMIT. */
  readonly select: string;
  readonly bind?: (position: Position) => readonly SQLInputValue[];
  /** Makes the target's row of the source's. */
  readonly toTarget?: (row: Row, db: DatabaseSync) => Row;
  /** How many there are; an upper bound where counting would mean to read everything. */
  readonly count: string;
  /** The target gives out ids of its own from here on: the source's last one, given or not. */
  readonly ids?: string;
}

export interface BatchLimits {
  readonly rowsMax: number;
  /** A batch ends with the row that reaches it. */
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
