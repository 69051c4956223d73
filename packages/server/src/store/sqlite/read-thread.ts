import type { DatabaseSync } from "node:sqlite";
import { parentPort, workerData } from "node:worker_threads";
import { openForReading } from "./open-database.ts";
import { loadEntries } from "./operations/entries.ts";
import { loadCatalog } from "./operations/load-catalog.ts";
import { readPullRows } from "./operations/pull-counts.ts";
import { readDue } from "./operations/read-due.ts";
import { findSeqAt, readLog } from "./operations/read-log.ts";
import * as records from "./operations/records.ts";
import { findParkedFromEnd } from "./operations/rewind.ts";
import { serve } from "./thread-service.ts";

/** The thread that reads, for claims and for records. It never waits for a commit. */

const { file } = workerData as { file: string };
let opened: DatabaseSync | null = null;

/** Opened when first needed, because this thread starts while the other one creates the file. */
function database(): DatabaseSync {
  return (opened ??= openForReading(file));
}

const one =
  <I, O>(operation: (db: DatabaseSync, input: I) => O) =>
  (input: I): O =>
    operation(database(), input);

export const readJobs = {
  loadEntries: (_input: null) => loadEntries(database()),
  loadCatalog: (_input: null) => loadCatalog(database()),
  readLog: one(readLog),
  readDue: one(readDue),
  readPullRows: one(readPullRows),
  readExpired: one(records.readExpired),
  findSeqAt: one(findSeqAt),
  findParkedFromEnd: one(findParkedFromEnd),
  readMessage: one(records.readMessage),
  readAttempts: one(records.readAttempts),
  readDeadLetters: one(records.readDeadLetters),
  readDeadLetter: one(records.readDeadLetter),
  countDeadLetters: one(records.countDeadLetters),
  lastDeadLetterId: one(records.lastDeadLetterId),
  close(_input: null): void {
    opened?.close();
  },
};

export type ReadJobs = typeof readJobs;

if (parentPort !== null) serve(parentPort, readJobs);
