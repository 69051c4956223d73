import type { DatabaseSync } from "node:sqlite";
import type { Moment } from "../../../domain/ports.ts";
import { get, run } from "../statements.ts";

/** Returns null for a new database. */
export function readClockMark(db: DatabaseSync, _input: null): Moment | null {
  return get<Moment>(db, "SELECT steady_at AS nowMs, wall_at AS wallMs FROM clock") ?? null;
}

export function markClock(db: DatabaseSync, { nowMs, wallMs }: Moment): void {
  run(db, "INSERT OR REPLACE INTO clock (id, steady_at, wall_at) VALUES (1, ?, ?)", nowMs, wallMs);
}
