import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { journalModeOf } from "./data-folder.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ringback-bench-test-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function database(journalMode: string): void {
  const db = new DatabaseSync(join(folder, "some.db"));
  db.exec(`PRAGMA journal_mode = ${journalMode}; CREATE TABLE t (x)`);
  db.close();
}

describe("journalModeOf", () => {
  it("distinguishes a write-ahead log from a rollback journal", () => {
    writeFileSync(join(folder, "a-lock"), "");
    database("WAL");
    expect(journalModeOf(folder)).toBe("wal");
    rmSync(join(folder, "some.db"));
    database("DELETE");
    expect(journalModeOf(folder)).toBe("rollback");
  });

  it("is null without a database", () => {
    writeFileSync(join(folder, "note"), "not a database, though longer than its header");
    expect(journalModeOf(folder)).toBeNull();
  });
});
