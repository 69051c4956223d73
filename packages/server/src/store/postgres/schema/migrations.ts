import { readFileSync } from "node:fs";

/** A step of the schema. `name` identifies it in the databases where it has been applied. */
export interface Migration {
  readonly name: string;
  readonly sql: string;
}

/** In this order: a statement may only refer to what was created before it, except within a function in PL/pgSQL. */
const initialFiles = [
  "now-ms",
  "advisory-locks",
  "tables/account",
  "tables/node",
  "tables/topic",
  "tables/message",
  "tables/subscription",
  "tables/claim",
  "tables/parked",
  "tables/dead-letter",
  "tables/attempt",
  "tables/idempotency",
  "tables/removed",
  "tables/entry",
  "partitions/message-partition-id",
  "partitions/segment-partition-id",
  "partitions/message-at",
  "partitions/ensure-message-partition",
  "partitions/prepare-message-partitions",
  "partitions/drop-message-partition",
  "partitions/assign-message-partitions",
  "partitions/set-attempt-partition-span",
  "partitions/ensure-attempt-partitions",
  "partitions/lock-attempt-partitions",
  "partitions/prepare-attempt-partitions",
  "partitions/drop-attempt-partition",
  "ordering/is-key-blocked",
  "ordering/due-in-key",
  "ordering/unblock-key",
  "ordering/unblock-keys",
  "append/lock-logs",
  "append/judge-appends",
  "append/append",
  "claim/known-nodes",
  "claim/reclaim-lapsed",
  "claim/take-parked",
  "claim/park-from-log",
  "claim/segment-at",
  "claim/scan-segment",
  "claim/scan-on",
  "claim/take-from-log",
  "claim/count-many-parked",
  "claim/claim-rest",
  "claim/read-from-log",
  "claim/read-parked",
  "claim/claim",
  "claim/renew-claims",
  "claim/abandon-claims",
  "settle/remove-from-claims",
  "settle/record-attempts",
  "settle/settle-exceptions",
  "settle/write-dead-letter",
  "settle/settle",
  "settle/settle-pulled",
  "settle/rewind",
  "retention/reclaim-lapsed-of-topic",
  "retention/expired-through",
  "retention/find-expired-parked",
  "retention/dead-letter-expired",
  "retention/expire-unclaimed",
  "retention/trim-topic",
  "planner-settings",
];

/**
 * The schema as numbered steps, forward only, each in a transaction of its own. A released step is frozen: a later
 * change is a new step, and nodes of the version before must be able to work with its result, since they run beside the
 * new ones during an upgrade. A function that does something else for new nodes only gets another name, and the old one
 * stays until no old node can be left. A function that changes for all nodes at once keeps its name, its arguments and
 * its result.
 *
 * Before the first release the initial step itself changes. Whoever changes it also changes its name, so that a
 * database with the earlier schema is refused.
 */
export const migrations: readonly Migration[] = [{ name: "initial-1", sql: initialFiles.map(readSql).join("\n") }];

function readSql(file: string): string {
  return readFileSync(new URL(`${file}.sql`, import.meta.url), "utf8");
}
