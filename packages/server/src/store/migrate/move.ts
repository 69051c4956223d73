import type { DatabaseSync } from "node:sqlite";
import { toConnectionFailure } from "../postgres/connection-failure.ts";
import { Database } from "../postgres/database.ts";
import { migrate } from "../postgres/schema/migrate.ts";
import { readClockMark } from "../sqlite/operations/clock-mark.ts";
import { single } from "../sqlite/statements.ts";
import { MoveRefusal } from "./move-refusal.ts";
import { readBatch, type BatchLimits, type MovedTable } from "./moved-rows.ts";
import { accounts, movedTables } from "./moved-tables.ts";
import { openSource } from "./source-folder.ts";
import { beginMove, finishMove, writeBatch, type MoveState } from "./target-database.ts";

export const moveLimits: BatchLimits = {
  /** Bounds of one transaction, so that it stays short and little work is lost when it is interrupted. */
  rowsMax: 2_000,
  bytesMax: 8 * 1024 * 1024,
};

export interface TableMoved {
  /** Name of the kind of rows, for display. */
  readonly label: string;
  readonly table: string;
  /** Number of rows moved so far, including earlier runs. */
  readonly rows: number;
  /** Upper bound for the number of rows to move. Rows of deleted topics and subscriptions are not moved. */
  readonly rowsMax: number;
  readonly isDone: boolean;
}

export interface MoveOptions {
  readonly folder: string;
  readonly url: string;
  readonly limits?: BatchLimits;
  /** Ends the move after the current batch. The next run continues from there. */
  readonly stop?: AbortSignal;
  readonly progress?: (moved: TableMoved) => void;
}

export type MoveOutcome = "moved" | "moved_before" | "stopped";

/**
 * Moves all data from the folder of a stopped server into a PostgreSQL database, in bounded batches. The folder is only
 * read. Another call continues an interrupted move.
 */
export async function moveToPostgres(options: MoveOptions): Promise<MoveOutcome> {
  using source = openSource(options.folder);
  const target = new Database(options.url, "ringback-migrate");
  try {
    await migrate(options.url);
    const accountRows = readBatch(source.db, accounts, accounts.start, { rowsMax: -1, bytesMax: Infinity });
    const state = await beginMove(target.rest, source.identity, movedTables, {
      table: accounts,
      rows: accountRows,
      lastId: lastIdOf(source.db, accounts),
    });
    if (state.isFinished) return "moved_before";
    for (const table of movedTables) {
      if (!(await moveTable(source.db, target, table, state, options))) return "stopped";
    }
    await finishMove(
      target.rest,
      movedTables.map((table) => ({ table, lastId: lastIdOf(source.db, table) })),
      {
        topicNumbers: single(source.db, "SELECT last, key FROM topic_number"),
        mark: readClockMark(source.db, null),
      },
    );
    return "moved";
  } catch (error) {
    throw error instanceof MoveRefusal ? error : toConnectionFailure(options.url, "cannot be moved into", error);
  } finally {
    await target.close();
  }
}

/** Returns false when `stop` was aborted. */
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
  const report = (isDone: boolean): void => progress?.({ label, table: name, rows, rowsMax, isDone });
  for (;;) {
    if (stop?.aborted === true) return false;
    const batch = readBatch(db, table, position, limits);
    if (batch.length === 0) break;
    position = await writeBatch(target.rest, table, position, batch);
    rows += batch.length;
    report(false);
  }
  report(true);
  return true;
}

function lastIdOf(db: DatabaseSync, { ids }: MovedTable): number | null {
  if (ids === undefined) return null;
  const row = db.prepare(ids).get() as { last: number | null } | undefined;
  // A sequence cannot be set to 0.
  return row?.last === 0 ? null : (row?.last ?? null);
}
