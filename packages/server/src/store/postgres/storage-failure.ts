import { RingbackError, type ErrorCode } from "../../domain/errors.ts";

// The first two characters of an SQLSTATE are its class: see appendix A of the PostgreSQL documentation.

/** SQLSTATE: a statement tried to write on a read-only server or in a read-only database. */
export const READ_ONLY = "25006";
/** SQLSTATE: a statement reached its time limit, or was cancelled. */
export const TOO_SLOW = "57014";
/** SQLSTATE: the role lacks a right. */
export const FORBIDDEN = "42501";

const full = new Set(["53100"]);
const unavailable = new Set([
  // The server stops or starts, or an administrator ended the statement or the connection.
  "57P01",
  "57P02",
  "57P03",
  "57P05",
  TOO_SLOW,
  // The server is a standby. Perhaps it was the primary a moment ago.
  READ_ONLY,
  // Two calls were in a deadlock, or a call waited too long for a lock. Nothing was written.
  "40001",
  "40P01",
  "55P03",
]);
const unavailableClasses = new Set(["08", "53", "58"]);
/**
 * SQLSTATE: no partition accepts the row. A session may read committed rows before it receives the invalidation message
 * of a partition that another session has just created, so a retry succeeds.
 */
const NO_PARTITION = "23514";
/** SQLSTATEs of failures after which an immediate retry may succeed. */
const transient = new Set(["40001", "40P01", NO_PARTITION]);
/** SQLSTATEs of a long lock wait or a slow statement: the database still accepts writes. */
const slow = new Set(["40001", "40P01", "55P03", TOO_SLOW]);

/** Messages for failures whose error code alone does not show the operator the cause. */
const sentences = new Map([
  ["55P03", "The database is there, but somebody in it holds for too long what this needs to change."],
  [TOO_SLOW, "The database is there, but has taken too long."],
  [
    READ_ONLY,
    "The database is read-only: it is a standby, or default_transaction_read_only is on for the database or the role.",
  ],
  ["53300", "The database takes no more connections."],
]);

export function sqlState(error: unknown): string | null {
  const code = (error as { readonly code?: unknown } | null)?.code;
  return typeof code === "string" && /^[0-9A-Z]{5}$/.test(code) ? code : null;
}

export function isTransient(error: unknown): boolean {
  return transient.has(sqlState(error) ?? "");
}

/** All connections of a pool are in use. The database itself may be healthy. */
export class NoConnectionFree extends Error {}

/** Whether the error is a failure of one call only, while other writes may still succeed. */
export function isSlowness(error: unknown): boolean {
  const { cause } = error as { readonly cause?: unknown };
  return cause instanceof NoConnectionFree || slow.has(sqlState(cause) ?? "");
}

/** Translates a failure for callers. An error without a SQLSTATE comes from the connection. */
export function toStorageError(error: unknown): RingbackError {
  if (error instanceof RingbackError) return error;
  return new RingbackError(codeOf(error), sentences.get(sqlState(error) ?? ""), { cause: error });
}

/**
 * Translates a failure to connect. Every reason counts as temporary, even a changed password, because a later attempt
 * may succeed.
 */
export function toConnectError(error: unknown): RingbackError {
  const known = toStorageError(error);
  if (known.code !== "internal") return known;
  return new RingbackError("storage_unavailable", "The database does not let this node in.", { cause: error });
}

function codeOf(error: unknown): ErrorCode {
  const state = sqlState(error);
  if (state === null) return "storage_unavailable";
  if (full.has(state)) return "storage_full";
  if (unavailable.has(state) || unavailableClasses.has(state.slice(0, 2))) return "storage_unavailable";
  return "internal";
}
