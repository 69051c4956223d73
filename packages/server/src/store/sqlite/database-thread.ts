import type { DatabaseSync } from "node:sqlite";
import { parentPort, workerData } from "node:worker_threads";
import { DiskBudget } from "./disk-budget.ts";
import { serve } from "./jobs.ts";
import { openForReading, openForWriting, type DatabaseLimits } from "./open-database.ts";
import { readJobs } from "./read-jobs.ts";
import { writeJobs } from "./write-jobs.ts";

/** The task of one of a store's two threads. */
export interface ThreadTask {
  readonly file: string;
  /**
   * Set for the thread that owns the writing connection; null for the thread that reads. The writing thread waits for
   * the disk, so that the event loop never does.
   */
  readonly limits: DatabaseLimits | null;
}

if (parentPort !== null) {
  const { file, limits } = workerData as ThreadTask;
  let opened: DatabaseSync | null = null;
  // Opened when first needed, because the reading thread may start before the writing thread has created the file.
  const database = (): DatabaseSync => (opened ??= openForReading(file));
  if (limits === null) serve(parentPort, readJobs(database), () => opened?.close());
  else {
    const writing = openForWriting(file, limits);
    const jobs = writeJobs(writing, new DiskBudget(writing, file, limits));
    serve(parentPort, jobs, () => {
      try {
        jobs.end(null);
      } catch {
        // The disk refuses the write, so the next start finds a stop that was not clean.
      }
      writing.close();
    });
  }
}
