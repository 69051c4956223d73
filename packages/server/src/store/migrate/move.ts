import type { DatabaseSync } from "node:sqlite";
import { RingbackError } from "../../domain/errors.ts";
import { Database } from "../postgres/database.ts";
import { migrate } from "../postgres/schema/migrate.ts";
import { MoveRefusal } from "./move-refusal.ts";
import { readBatch, type BatchLimits, type MovedTable } from "./moved-rows.ts";
import { accounts, movedTables } from "./moved-tables.ts";
import { openSource } from "./source-folder.ts";
import { beginMove, finishMove, writeBatch, type MoveState } from "./target-database.ts";

export const moveLimits: BatchLimits = {
  /** So that a transaction stays short and an interrupted one loses little. */
  rowsMax: 2_000,
  bytesMax: 8 * 1024 * 1024,
};

export interface TableMoved {
  /** What people call what is in it. */
  readonly label: string;
  readonly table: string;
  /** With those of earlier runs. */
  readonly rows: number;
  /** As many as there can be; those of topics and subscriptions that are gone stay. */
  readonly rowsMax: number;
  readonly isDone: boolean;
}

export interface MoveOptions {
  readonly folder: string;
  readonly url: string;
  readonly limits?: BatchLimits;
  /** Ends the move after the batch that is under way; the next run goes on from there. */
  readonly stop?: AbortSignal;
  readonly progress?: (moved: TableMoved) => void;
}

export type MoveOutcome = "moved" | "moved_before" | "stopped";

/**
 * Moves everything from a stopped server's folder into a PostgreSQL database, in bounded batches. The folder is only
 * read. An interrupted move, whatever ended it, is continued by calling this again.
 */
export async function moveToPostgres(options: MoveOptions): Promise<MoveOutcome> {
  using source = openSource(options.folder);
  const target = new Database(options.url, "ringback-migrate");
  try {
    const lane = target.rest;
    await migrate(options.url);
    const accountRows = readBatch(source.db, accounts, accounts.start, { rowsMax: -1, bytesMax: Infinity });
    const state = await beginMove(lane, source.identity, movedTables, {
      table: accounts,
      rows: accountRows,
      lastId: lastIdOf(source.db, accounts),
    });
    if (state.isFinished) return "moved_before";
    for (const table of movedTables) {
      if (!(await moveTable(source.db, target, table, state, options))) return "stopped";
    }
    await finishMove(
      lane,
      movedTables.map((table) => ({ table, lastId: lastIdOf(source.db, table) })),
    );
    return "moved";
  } catch (error) {
    throw failure(options.url, error);
  } finally {
    await target.close();
  }
}

/** False: it was told to stop. */
async function moveTable(
  db: DatabaseSync,
  target: Database,
  table: MovedTable,
  state: MoveState,
  { limits = moveLimits, stop, progress }: MoveOptions,
): Promise<boolean> {
  const { name, label, count, start } = table;
  const rowsMax = (db.prepare(count).get() as { count: number }).count;
  let { position, rows } = state.progress.get(name) ?? { position: start, rows: 0 };
  const tell = (isDone: boolean): void => progress?.({ label, table: name, rows, rowsMax, isDone });
  for (;;) {
    if (stop?.aborted === true) return false;
    const batch = readBatch(db, table, position, limits);
    if (batch.length === 0) break;
    position = await writeBatch(target.rest, table, position, batch);
    rows += batch.length;
    tell(false);
  }
  tell(true);
  return true;
}

function lastIdOf(db: DatabaseSync, { ids }: MovedTable): number | null {
  if (ids === undefined) return null;
  const row = db.prepare(ids).get() as { last: number | null } | undefined;
  // No sequence goes on from 0.
  return row?.last === 0 ? null : (row?.last ?? null);
}

/** Says which database, without user and password, and what stands in the way. */
function failure(url: string, error: unknown): unknown {
  if (!(error instanceof RingbackError) || error instanceof MoveRefusal) return error;
  if (!(error.cause instanceof Error)) return error;
  const { cause } = error;
  const [first] = cause instanceof AggregateError ? (cause.errors as Error[]) : [cause];
  const { host, pathname } = new URL(url);
  return new RingbackError(
    error.code,
    `The database "${pathname.slice(1)}" at ${host} cannot be moved into: ${(first ?? cause).message}`,
    { cause },
  );
}
