/** A setting of PostgreSQL on which the driver depends, and which every session of the driver sets itself. */
export interface SessionSetting {
  readonly name: string;
  readonly value: string;
  /** Values that an administrator may choose instead of `value`. */
  readonly alsoValid?: readonly string[];
  readonly reason: string;
}

const planner =
  "The functions of the schema are written for index scans and nested loops; without them, claims are slow.";
const text = "The driver parses the text form of values, and sends values as text.";
const timeLimit =
  "The driver has its own time limits. This one would end the statements or sessions of a healthy node.";

/**
 * `ALTER DATABASE … SET` and `ALTER ROLE … SET` change these settings for new sessions, often for the sake of another
 * program. With a changed value, the driver would deliver other bytes, lose its time limits or fail in rare statements.
 * A version of PostgreSQL that does not know a setting does not get it.
 *
 * Settings that are left to the administrator: memory and parallelism, costs of the planner, tablespaces, logging,
 * `role`, and `default_transaction_read_only`. Hosting companies set the last one to stop writes before a disk is full.
 * So it is obeyed: while it is on, writes are refused with `storage_unavailable`.
 */
export const sessionSettings: readonly SessionSetting[] = [
  { name: "client_encoding", value: "UTF8", reason: text },
  { name: "bytea_output", value: "hex", reason: "The driver decodes bytes from hexadecimal text." },
  { name: "datestyle", value: "ISO, MDY", reason: text },
  { name: "intervalstyle", value: "postgres", reason: text },
  { name: "timezone", value: "UTC", reason: text },
  { name: "extra_float_digits", value: "1", reason: "Numbers keep all their digits." },
  { name: "array_nulls", value: "on", reason: "NULL in an array parameter is a missing value, not the text NULL." },
  { name: "transform_null_equals", value: "off", reason: "`= NULL` is never true, as in standard SQL." },
  { name: "standard_conforming_strings", value: "on", reason: "A backslash in a string constant is a backslash." },
  { name: "backslash_quote", value: "safe_encoding", reason: "The default, for the parser of string constants." },
  { name: "quote_all_identifiers", value: "off", reason: "Names of partitions are compared as text." },
  { name: "xmloption", value: "content", reason: text },
  { name: "xmlbinary", value: "base64", reason: text },
  {
    name: "search_path",
    value: "pg_catalog, pg_temp",
    reason: "Built-in functions and operators cannot be replaced by those of another schema.",
  },
  {
    name: "default_transaction_isolation",
    value: "read committed",
    reason: "The functions of the schema lock rows and then read what others have committed.",
  },
  { name: "default_transaction_deferrable", value: "off", reason: "No transaction waits for a safe snapshot." },
  {
    name: "synchronous_commit",
    value: "on",
    // With these values a commit is on the disk of this server, too.
    alsoValid: ["local", "remote_write", "remote_apply"],
    reason: "A publish is answered when its message is on the disk.",
  },
  {
    name: "session_replication_role",
    value: "origin",
    reason: "With another value the database checks no references and runs no triggers.",
  },
  {
    name: "row_security",
    value: "off",
    reason: "A row security policy that hides rows causes an error. Otherwise messages would be missing silently.",
  },
  { name: "default_table_access_method", value: "heap", reason: "New partitions must support updates and row locks." },
  { name: "check_function_bodies", value: "on", reason: "A broken step of the schema fails as a whole." },
  { name: "plpgsql.extra_errors", value: "none", reason: "Extra checks would fail functions that are right." },
  { name: "plpgsql.extra_warnings", value: "none", reason: "Extra checks would add warnings to each call." },
  { name: "client_min_messages", value: "warning", reason: "The server sends no debugging messages to the node." },
  { name: "exit_on_error", value: "off", reason: "A failed statement does not end its session." },
  { name: "gin_fuzzy_search_limit", value: "0", reason: "A search returns all its rows." },
  { name: "plan_cache_mode", value: "auto", reason: planner },
  { name: "enable_indexscan", value: "on", reason: planner },
  { name: "enable_indexonlyscan", value: "on", reason: planner },
  { name: "enable_bitmapscan", value: "on", reason: planner },
  { name: "enable_seqscan", value: "on", reason: planner },
  { name: "enable_nestloop", value: "on", reason: planner },
  { name: "enable_hashjoin", value: "on", reason: planner },
  { name: "enable_mergejoin", value: "on", reason: planner },
  { name: "enable_hashagg", value: "on", reason: planner },
  { name: "enable_sort", value: "on", reason: planner },
  { name: "enable_material", value: "on", reason: planner },
  { name: "enable_partition_pruning", value: "on", reason: "Without it, each statement locks every partition." },
  { name: "constraint_exclusion", value: "partition", reason: planner },
  { name: "idle_session_timeout", value: "0", reason: timeLimit },
  { name: "transaction_timeout", value: "0", reason: timeLimit },
];
