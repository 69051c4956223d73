import type { NumbersInUse } from "../../domain/topic-number.ts";
import type { TimeMs } from "../../domain/model.ts";
import type { Moment } from "../../domain/ports.ts";
import type { Connection } from "../postgres/connection.ts";
import type { ConnectionPool } from "../postgres/database.ts";
import { insertRows } from "./insert-rows.ts";
import { MoveRefusal } from "./move-refusal.ts";
import { positionOf, type MovedTable, type Position, type Row } from "./moved-rows.ts";

/** Progress of a table, stored in the target by the transaction that writes the rows. */
export interface TableProgress {
  readonly position: Position;
  readonly rows: number;
}

export interface MoveState {
  readonly isFinished: boolean;
  readonly progress: ReadonlyMap<string, TableProgress>;
}

/**
 * The state of a move is stored in the target. Until the move is finished, no server can register and therefore none
 * can start. Otherwise a server would create other topics, or deliver from incomplete data.
 */
const stateTables = `
CREATE TABLE IF NOT EXISTS ringback.move (
  only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
  source text NOT NULL,
  finished_at bigint,
  -- The last node that registered before the end of the move.
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

/** Differs from the lock keys of schema migrations and of retention. */
const MOVE_LOCK = "8243118316933116799";

const LAST_NODE = "SELECT last_value || '.' || is_called AS last_node FROM ringback.node_id_seq";

/** Begins a move, or returns the progress of the move that was begun from the same source. */
export function beginMove(
  pool: ConnectionPool,
  source: string,
  tables: readonly MovedTable[],
  accounts: { readonly table: MovedTable; readonly rows: readonly Row[]; readonly lastId: number | null },
): Promise<MoveState> {
  return pool.transaction(async (connection) => {
    // Of two moves that begin at the same time, the second continues the first.
    await connection.query(`SELECT pg_advisory_xact_lock(${MOVE_LOCK})`);
    await connection.query(stateTables);
    const [known] = await connection.query<{ source: string; finished_at: TimeMs | null; last_node: string | null }>(
      "SELECT source, finished_at, last_node FROM ringback.move FOR UPDATE",
    );
    if (known === undefined) {
      await assertUnused(connection);
      // The target may have an account from a server that was started once and not used.
      await connection.query("DELETE FROM ringback.account");
      // The target may have had topics before. The numbers of topics come from the source.
      await connection.query("DELETE FROM ringback.released_number");
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
            "Begin again with an empty database.",
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

/** Writes rows and the progress in one transaction, so that no row is written twice after an interruption. */
export function writeBatch(
  pool: ConnectionPool,
  table: MovedTable,
  before: Position,
  rows: readonly Row[],
): Promise<Position> {
  const after = positionOf(table, rows.at(-1) as Row);
  return pool.transaction(async (connection) => {
    const moved = await connection.query(
      "UPDATE ringback.move_table SET position = $3, rows = rows + $4 WHERE name = $1 AND position = $2 RETURNING 1",
      [table.name, JSON.stringify(before), JSON.stringify(after), rows.length],
      "move_on",
    );
    if (moved.length === 0) {
      throw new MoveRefusal("other_move", "Another move into the same database is running.");
    }
    await insertRows(connection, table, await withPartitions(connection, table, rows));
    return after;
  });
}

/** Creates the partitions for messages and attempts, and assigns each message to its partition. */
async function withPartitions(
  connection: Connection,
  { name }: MovedTable,
  rows: readonly Row[],
): Promise<readonly Row[]> {
  if (name === "attempt") {
    await connection.query("LOCK TABLE ONLY ringback.attempt IN ROW EXCLUSIVE MODE");
    await connection.query("SELECT ringback.ensure_attempt_partitions($1::bigint[])", [
      rows.map((row) => row["started_at"]),
    ]);
  }
  if (name !== "message") return rows;
  const partitions = await connection.query<{ partition_id: number }>(
    "SELECT partition_id FROM ringback.assign_message_partitions($1::bigint[], $2::bigint[], $3::bigint[])",
    ["topic_id", "seq", "published_at"].map((column) => rows.map((row) => row[column])),
    "assign_message_partitions",
  );
  return rows.map((row, index) => ({ ...row, ...partitions[index] }));
}

/** Continues after the last ids of the source, so that no id is used twice, and lets servers start. */
export async function finishMove(
  pool: ConnectionPool,
  tables: readonly { readonly table: MovedTable; readonly lastId: number | null }[],
  { topicNumbers, mark }: { readonly topicNumbers: Pick<NumbersInUse, "last" | "key">; readonly mark: Moment | null },
): Promise<void> {
  // PostgreSQL has no statistics yet for the tables that were filled.
  for (const { table } of tables) await pool.query(`ANALYZE ringback.${table.name}`);
  await pool.transaction(async (connection) => {
    for (const { table, lastId } of tables) await continueIds(connection, table, lastId);
    const { last, key } = topicNumbers;
    await connection.query("UPDATE ringback.topic_number SET last = $1, key = $2", [last, key]);
    // Everything that is due goes by the steady time of the source, which continues in the target.
    if (mark !== null) {
      await connection.query("UPDATE ringback.clock SET steady_at = $1, wall_at = $2", [mark.nowMs, mark.wallMs]);
    }
    await connection.query("DROP TRIGGER IF EXISTS moving ON ringback.node");
    await connection.query("DROP FUNCTION IF EXISTS ringback.refuse_while_moving()");
    await connection.query(`UPDATE ringback.move SET finished_at = ringback.now_ms(), last_node = (${LAST_NODE})`);
  });
}

async function assertUnused(connection: Connection): Promise<void> {
  // The barrier comes first, because it waits for nodes that are registering.
  await connection.query(barrier);
  const [found] = await connection.query<{ alive: boolean; filled: boolean }>(
    `SELECT EXISTS (SELECT 1 FROM ringback.node WHERE alive_until > ringback.now_ms()) AS alive,
       EXISTS (SELECT 1 FROM ringback.topic) OR EXISTS (SELECT 1 FROM ringback.entry)
         OR EXISTS (SELECT 1 FROM ringback.message) OR EXISTS (SELECT 1 FROM ringback.removed) AS filled`,
  );
  if (found?.filled === true) {
    throw new MoveRefusal("target_not_empty", "The database already has topics or other data of a Ringback.");
  }
  if (found?.alive === true) {
    throw new MoveRefusal(
      "target_in_use",
      "A server has the database open. Stop the server; a killed server counts as stopped after 20 s.",
    );
  }
}

async function assertUnusedSince(connection: Connection, lastNode: string | null): Promise<void> {
  const [now] = await connection.query<{ last_node: string }>(LAST_NODE);
  if (now?.last_node === lastNode) return;
  throw new MoveRefusal(
    "target_used_since",
    "All data had been moved before, and a server has used the database since. Nothing was changed.",
  );
}

async function continueIds(connection: Connection, { name }: MovedTable, lastId: number | null): Promise<void> {
  if (lastId === null) return;
  await connection.query("SELECT setval(pg_get_serial_sequence($1, 'id'), $2)", [`ringback.${name}`, lastId]);
}
