import type { DatabaseSync } from "node:sqlite";
import {
  deadLetterSql,
  deadLetterValues,
  type DeadLetterScan,
  type DeadLetterScope,
} from "../../dead-letter-search.ts";
import type { ExaminedDeadLetter } from "../../dead-letter-search.ts";
import { byPosition } from "../../search.ts";
import { all } from "../statements.ts";

const { columns, range } = deadLetterSql((number) => `?${number}`);
const query = (source: DeadLetterScope["source"]) => `SELECT ${columns} FROM dead_letter WHERE ${range(source, "?1")}`;

export const deadLetterQueries: Record<DeadLetterScope["source"], string> = {
  account: query("account"),
  subscription: query("subscription"),
  topic: query("topic"),
};

/** Reads the next dead letters of a search, newest first, without their messages. */
export function searchDeadLetters(db: DatabaseSync, scan: DeadLetterScan): readonly ExaminedDeadLetter[] {
  const { source, ids } = scan.scope;
  const values = deadLetterValues(scan);
  const rows = ids.flatMap((id) => all<ExaminedDeadLetter>(db, deadLetterQueries[source], id, ...values));
  return ids.length === 1 ? rows : rows.toSorted(byPosition).slice(0, scan.count);
}
