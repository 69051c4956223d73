import { packBytes } from "../postgres/columns.ts";
import type { Connection } from "../postgres/connection.ts";
import { columnKinds, type ColumnKind, type MovedTable, type Row } from "./moved-rows.ts";

/** Inserts all rows with one statement that has one array per column. */
export async function insertRows(connection: Connection, table: MovedTable, rows: readonly Row[]): Promise<void> {
  if (rows.length === 0) return;
  const arrays: { readonly type: string; readonly values: readonly unknown[] }[] = [];
  const packs: { readonly parameter: number; readonly bytes: Buffer }[] = [];
  const columns = columnKinds(table);
  const bytesColumns = columns.filter(([, kind]) => kind === "bytea").length;
  const firstPack = columns.length + bytesColumns + 1;
  const column = (type: string, values: readonly unknown[]): string => `r.c${arrays.push({ type, values })}`;
  const expressions = columns.map(([name, kind]) => {
    const values = rows.map((row) => row[name] ?? null);
    if (kind !== "bytea") return castOf(kind, column(carrierOf(kind), values));
    const { offsets, sizes, bytes } = packBytes(values as (Uint8Array | null)[]);
    const parameter = firstPack + packs.length;
    packs.push({ parameter, bytes });
    const size = column("bigint", sizes);
    const offset = column("bigint", offsets);
    return `CASE WHEN ${size} IS NOT NULL THEN substr($${parameter}::bytea, (${offset} + 1)::integer, ${size}::integer) END`;
  });
  const given = arrays.map(({ type }, index) => `$${index + 1}::${type}[]`).join(", ");
  const names = arrays.map((_, index) => `c${index + 1}`).join(", ");
  await connection.query(
    `INSERT INTO ringback.${table.name} (${table.columns}) OVERRIDING SYSTEM VALUE
       SELECT ${expressions.join(", ")} FROM unnest(${given}) AS r (${names})`,
    [...arrays.map(({ values }) => values), ...packs.map(({ bytes }) => bytes)],
    `move_${table.name}`,
  );
}

function carrierOf(kind: ColumnKind): string {
  return kind === "text[]" || kind === "bigint[]" ? "text" : kind;
}

function castOf(kind: ColumnKind, expression: string): string {
  return carrierOf(kind) === kind ? expression : `${expression}::${kind}`;
}
