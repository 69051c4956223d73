import type { DatabaseSync } from "node:sqlite";
import type { JobLink } from "./jobs.ts";
import { readAudit } from "./operations/audit.ts";
import { readClockMark } from "./operations/clock-mark.ts";
import { loadEntries } from "./operations/entries.ts";
import { loadCatalog, loadSubscriptions } from "./operations/load-catalog.ts";
import { readOldest, readPullRows } from "./operations/pull-counts.ts";
import { readDue } from "./operations/read-due.ts";
import { findSeqAt, readBodyBytes, readLog, readPublishedAt } from "./operations/read-log.ts";
import * as records from "./operations/records.ts";
import { countReplay } from "./operations/replay-step.ts";
import { countAllReplays, listReplays, openReplayCount, openReplays, readReplay } from "./operations/replays.ts";
import { findParkedFromEnd } from "./operations/rewind.ts";
import { searchAttempts } from "./operations/search-attempts.ts";
import { searchDeadLetters } from "./operations/search-dead-letters.ts";
import { readExchange } from "./operations/exchanges.ts";
import { readTallies } from "./operations/tallies.ts";
import { searchMessages } from "./operations/search-messages.ts";

/** The reads of a database, for claims and for records. They never wait for a commit. */
export function readJobs(database: () => DatabaseSync) {
  const one =
    <I, O>(operation: (db: DatabaseSync, input: I) => O) =>
    (input: I): O =>
      operation(database(), input);
  return {
    load: (_input: null) => ({ entries: loadEntries(database()), catalog: loadCatalog(database()) }),
    loadSubscriptions: one(loadSubscriptions),
    readClockMark: one(readClockMark),
    readLog: one(readLog),
    readDue: one(readDue),
    readPullRows: one(readPullRows),
    readOldest: one(readOldest),
    findSeqAt: one(findSeqAt),
    readBodyBytes: one(readBodyBytes),
    findParkedFromEnd: one(findParkedFromEnd),
    readMessage: one(records.readMessage),
    readOrigin: one(records.readOrigin),
    searchMessages: one(searchMessages),
    searchAttempts: one(searchAttempts),
    searchDeadLetters: one(searchDeadLetters),
    readDeadLetters: one(records.readDeadLetters),
    readDeadLetter: one(records.readDeadLetter),
    countAllDeadLetters: one(records.countAllDeadLetters),
    readCounts: one(records.readCounts),
    readManyCounts: one(records.readManyCounts),
    readPublishedAt: one(readPublishedAt),
    readAudit: one(readAudit),
    readTallies: one(readTallies),
    readExchange: one(readExchange),
    lastDeadLetterId: one(records.lastDeadLetterId),
    readReplay: one(readReplay),
    listReplays: one(listReplays),
    openReplays: one(openReplays),
    openReplayCount: one(openReplayCount),
    countAllReplays: one(countAllReplays),
    countReplay: one(countReplay),
  };
}

export type ReadJobs = ReturnType<typeof readJobs>;
export type Reader = JobLink<ReadJobs>;
