import type { TimeMs } from "../../domain/model.ts";
import type { Connection } from "../postgres/connection.ts";
import type { ConnectionPool } from "../postgres/database.ts";
import { insertRows } from "./insert-rows.ts";
import { MoveRefusal } from "./move-refusal.ts";
import { positionOf, type MovedTable, type Position, type Row } from "./moved-rows.ts";

/** How far a table has come, as the target itself has it: written in the transaction that writes the rows. */
export interface TableProgress {
  readonly position: Position;
  readonly rows: number;
}

export interface MoveState {
  readonly isFinished: boolean;
  readonly progress: ReadonlyMap<string, TableProgress>;
}

/**
 * The notes of a move stand beside what it moves. While it is unfinished, no server can say that it is there, and so none starts:
 * it would make topics of its own, or deliver what has only half arrived.
 */
const notes = `
CREATE TABLE IF NOT EXISTS ringback.move (
  only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
  source text NOT NULL,
  finished_at bigint,
  -- Which node was the last to come before the end of the move.
  last_node text
);
CREATE TABLE IF NOT EXISTS ringback.move_table (
  name text PRIMARY KEY,
  position text NOT NULL,
  rows bigint NOT NULL DEFAULT 0
)`;

const barrier = `
CREATE OR REPLACE FUNCTION ringback.refuse_while_moving() RETURNS trigger LANGUAGE plpgsql AS $function$
BEGIN
  RAISE EXCEPTION 'data is being moved into it, or that was interrupted; run "ringback migrate" again until it is done';
END $function$;
CREATE TRIGGER moving BEFORE INSERT ON ringback.node FOR EACH ROW EXECUTE FUNCTION ringback.refuse_while_moving()`;

/** Next to the locks of the schema's migrations and of retention. */
const MOVE_LOCK = "8243118316933116799";

const LAST_NODE = "SELECT last_value || '.' || is_called AS last_node FROM ringback.node_id_seq";

/** Begins a move, or tells how far the one that was begun from this very source has come. */
export function beginMove(
  lane: ConnectionPool,
  source: string,
  tables: readonly MovedTable[],
  accounts: { readonly table: MovedTable; readonly rows: readonly Row[]; readonly lastId: number | null },
): Promise<MoveState> {
  return lane.transaction(async (connection) => {
    // Two that begin at the same time: the second finds what the first has begun.
    await connection.query(`SELECT pg_advisory_xact_lock(${MOVE_LOCK})`);
    await connection.query(notes);
    const [known] = await connection.query<{ source: string; finished_at: TimeMs | null; last_node: string | null }>(
      "SELECT source, finished_at, last_node FROM ringback.move FOR UPDATE",
    );
    if (known === undefined) {
      await assertUnused(connection);
      // A server that was only tried out has left one.
      await connection.query("DELETE FROM ringback.account");
      await insertRows(connection, accounts.table, accounts.rows);
      await continueIds(connection, accounts.table, accounts.lastId);
      await connection.query("INSERT INTO ringback.move (source) VALUES ($1)", [source]);
      for (const { name, start } of tables) {
        await connection.query("INSERT INTO ringback.move_table (name, position) VALUES ($1, $2)", [
          name,
          JSON.stringify(start),
        ]);
      }
    } else {
      if (known.finished_at !== null) await assertUnusedSince(connection, known.last_node);
      if (known.source !== source) {
        throw new MoveRefusal(
          "other_source",
          "The move into this database was begun from another folder, or a server has used the folder since. " +
            "Begin anew with an empty database.",
        );
      }
    }
    const rows = await connection.query<{ name: string; position: string; rows: number }>(
      "SELECT name, position, rows FROM ringback.move_table",
    );
    const progress = rows.map(
      ({ name, position, rows: count }) => [name, { position: JSON.parse(position) as Position, rows: count }] as const,
    );
    return { isFinished: known !== undefined && known.finished_at !== null, progress: new Map(progress) };
  });
}

/** Rows and how far the move has come, both or neither: what an interrupted run has written is not written again. */
export function writeBatch(
  lane: ConnectionPool,
  table: MovedTable,
  before: Position,
  rows: readonly Row[],
): Promise<Position> {
  const after = positionOf(table, rows.at(-1) as Row);
  return lane.transaction(async (connection) => {
    const moved = await connection.query(
      "UPDATE ringback.move_table SET position = $3, rows = rows + $4 WHERE name = $1 AND position = $2 RETURNING 1",
      [table.name, JSON.stringify(before), JSON.stringify(after), rows.length],
      "move_on",
    );
    if (moved.length === 0) {
      throw new MoveRefusal("other_move", "Somebody else is moving into the same database at this moment.");
    }
    await insertRows(connection, table, await placed(connection, table, rows));
    return after;
  });
}

/** Messages and attempts go into partitions, which are made as they come. */
async function placed(connection: Connection, { name }: MovedTable, rows: readonly Row[]): Promise<readonly Row[]> {
  if (name === "attempt") {
    await connection.query("LOCK TABLE ONLY ringback.attempt IN ROW EXCLUSIVE MODE");
    await connection.query("SELECT ringback.ensure_attempt_partitions($1::bigint[])", [
      rows.map((row) => row["started_at"]),
    ]);
  }
  if (name !== "message") return rows;
  const partitions = await connection.query<{ partition_id: number }>(
    "SELECT partition_id FROM ringback.assign_message_partitions($1::integer[], $2::bigint[], $3::bigint[])",
    ["topic_id", "seq", "published_at"].map((column) => rows.map((row) => row[column])),
    "assign_message_partitions",
  );
  return rows.map((row, index) => ({ ...row, ...partitions[index] }));
}

/** Ids go on from the source's last ones, so that none is given a second time, and servers may start. */
export async function finishMove(
  lane: ConnectionPool,
  tables: readonly { readonly table: MovedTable; readonly lastId: number | null }[],
): Promise<void> {
  // The planner knows nothing yet of tables that were filled in one go.
  for (const { table } of tables) await lane.query(`ANALYZE ringback.${table.name}`);
  await lane.transaction(async (connection) => {
    for (const { table, lastId } of tables) await continueIds(connection, table, lastId);
    await connection.query("DROP TRIGGER IF EXISTS moving ON ringback.node");
    await connection.query("DROP FUNCTION IF EXISTS ringback.refuse_while_moving()");
    await connection.query(`UPDATE ringback.move SET finished_at = ringback.now_ms(), last_node = (${LAST_NODE})`);
  });
}

async function assertUnused(connection: Connection): Promise<void> {
  // First, since it waits for whoever is about to register.
  await connection.query(barrier);
  const [found] = await connection.query<{ alive: boolean; filled: boolean }>(
    `SELECT EXISTS (SELECT 1 FROM ringback.node WHERE alive_until > ringback.now_ms()) AS alive,
       EXISTS (SELECT 1 FROM ringback.topic) OR EXISTS (SELECT 1 FROM ringback.entry)
         OR EXISTS (SELECT 1 FROM ringback.message) OR EXISTS (SELECT 1 FROM ringback.removed) AS filled`,
  );
  if (found?.filled === true) {
    throw new MoveRefusal("target_not_empty", "The database holds topics or other things of a Ringback already.");
  }
  if (found?.alive === true) {
    throw new MoveRefusal(
      "target_in_use",
      "A server has the database open. Stop it; one that was killed counts as gone after 20 s.",
    );
  }
}

async function assertUnusedSince(connection: Connection, lastNode: string | null): Promise<void> {
  const [now] = await connection.query<{ last_node: string }>(LAST_NODE);
  if (now?.last_node === lastNode) return;
  throw new MoveRefusal(
    "target_used_since",
    "Everything had been moved, and a server has used the database since. Nothing was changed.",
  );
}

async function continueIds(connection: Connection, { name }: MovedTable, lastId: number | null): Promise<void> {
  if (lastId === null) return;
  await connection.query("SELECT setval(pg_get_serial_sequence($1, 'id'), $2)", [`ringback.${name}`, lastId]);
}
