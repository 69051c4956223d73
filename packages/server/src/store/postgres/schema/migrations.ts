import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";

const cwd = import.meta.dirname;

/** A step of the schema. `name` identifies it in the databases where it has been applied. */
export interface Migration {
  readonly name: string;
  readonly sql: string;
}

/**
 * The files of the initial step in their order. The files of a folder are sorted by name. A statement can only refer to
 * objects that were created before it, except within a function in PL/pgSQL.
 */
const initialFiles = [
  "now-ms.sql",
  "steady-ms.sql",
  "advisory-locks.sql",
  "tables/*.sql",
  "log-take.sql",
  "partitions/*.sql",
  "ordering/*.sql",
  "append/*.sql",
  "claim/*.sql",
  "settle/*.sql",
  "replay/*.sql",
  "retention/*.sql",
  "planner-settings.sql",
];

/**
 * The schema as numbered steps, forward only, each in a separate transaction. A released step is never changed; a later
 * change is a new step. Nodes of the previous version must be able to work with the new schema, because during an
 * upgrade old and new nodes run at the same time. If only new nodes need a changed function, the new function gets
 * another name, and the old function stays until no old node can be left. A function that changes for all nodes at once
 * keeps its name, its arguments and its result.
 *
 * Before the first release the initial step itself changes. Whoever changes it also changes its name, so that a
 * database with the earlier schema is refused.
 */
export const migrations: readonly Migration[] = [
  {
    name: "initial-18",
    sql: initialFiles.flatMap((files) => globSync(files, { cwd }).sort().map(readSql)).join("\n"),
  },
];

function readSql(file: string): string {
  return readFileSync(join(cwd, file), "utf8");
}
