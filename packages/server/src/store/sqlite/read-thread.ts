import { parentPort, workerData } from "node:worker_threads";
import { openForReading } from "./open-database.ts";
import * as look from "./operations/look.ts";
import * as records from "./operations/records.ts";
import { serve } from "./thread-service.ts";

/** The thread that reads: backlogs for claims, and what people look at. It never waits for a commit. */

const { file } = workerData as { file: string };
const db = openForReading(file);

const one =
  <I, O>(operation: (database: typeof db, input: I) => O) =>
  (input: I): O =>
    operation(db, input);

export const readJobs = {
  loadCatalog: (_input: null) => look.loadCatalog(db),
  readLog: one(look.readLog),
  readDue: one(look.readDue),
  readExpired: one(look.readExpired),
  findSeqAt: one(look.findSeqAt),
  readMessage: one(records.readMessage),
  readAttempts: one(records.readAttempts),
  readDeadLetters: one(records.readDeadLetters),
  readDeadLetter: one(records.readDeadLetter),
  countDeadLetters: one(records.countDeadLetters),
  lastDeadLetterId: one(records.lastDeadLetterId),
  close(_input: null): void {
    db.close();
  },
};

export type ReadJobs = typeof readJobs;

if (parentPort !== null) serve(parentPort, readJobs);
