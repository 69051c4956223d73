import type { DatabaseSync } from "node:sqlite";
import type { Moment } from "../../domain/ports.ts";
import type { AnswerOutcomes } from "./answer-columns.ts";
import type { DiskBudget } from "./disk-budget.ts";
import { applyAnswers } from "./operations/answer.ts";
import { appendAudit, deleteSomeAudit } from "./operations/audit.ts";
import { AppendOperation, type AppendGroup, type AppendGroupResult } from "./operations/append.ts";
import * as catalog from "./operations/catalog.ts";
import { markClock } from "./operations/clock-mark.ts";
import * as deadLetters from "./operations/dead-letters.ts";
import * as deliveries from "./operations/deliveries.ts";
import * as entries from "./operations/entries.ts";
import { indexAttempts } from "./operations/index-attempts.ts";
import { stepReplay } from "./operations/replay-step.ts";
import * as replays from "./operations/replays.ts";
import * as retention from "./operations/retain.ts";
import { rewind } from "./operations/rewind.ts";
import { writeSettlements, type SettleGroup } from "./operations/settle.ts";
import { deleteSomeExchanges, trimExchanges, writeExchanges } from "./operations/exchanges.ts";
import { deleteSomeTallies, trimTallies, writeTallies } from "./operations/tallies.ts";
import { trimTopic } from "./operations/trim-topic.ts";

export interface WriteGroup {
  readonly append: AppendGroup | null;
  readonly settle: SettleGroup | null;
  /** Written with the commit; null: the last mark is new enough. */
  readonly mark: Moment | null;
}

export interface WriteGroupResult {
  readonly append: AppendGroupResult | null;
  readonly answers: AnswerOutcomes | null;
  /** How long the COMMIT took: the write to the write-ahead log and its fsync. */
  readonly commitS: number;
}

/** Size of the probe that tests whether the disk has room: a few pages of the database. */
const PROBE_BYTES = 16 * 1024;

/** The writes of a database. A job is one transaction. `budget` null: a database in memory. */
export function writeJobs(db: DatabaseSync, budget: DiskBudget | null) {
  const append = new AppendOperation(db);
  let commitS = 0;

  function transaction<T>(work: () => T): T {
    // A transaction is still open here if an earlier rollback failed.
    if (db.isTransaction) db.exec("ROLLBACK");
    budget?.assertRoom();
    db.exec("BEGIN IMMEDIATE");
    try {
      const result = work();
      const started = performance.now();
      db.exec("COMMIT");
      commitS = (performance.now() - started) / 1000;
      return result;
    } catch (error) {
      append.forget();
      // After some errors, such as a full disk, SQLite has rolled back already.
      if (db.isTransaction) db.exec("ROLLBACK");
      throw error;
    }
  }

  const one =
    <I, O>(operation: (database: DatabaseSync, input: I) => O) =>
    (input: I): O =>
      transaction(() => operation(db, input));

  return {
    group(group: WriteGroup): WriteGroupResult {
      const written = transaction(() => writeGroup(db, append, group));
      return { ...written, commitS };
    },
    begin(input: Parameters<typeof catalog.begin>[1]): ReturnType<typeof catalog.begin> {
      return withCheckpoint(db, () => transaction(() => catalog.begin(db, input)));
    },
    end: one(catalog.end),
    ensureAccount: one(catalog.ensureAccount),
    removeAccount: one(catalog.removeAccount),
    insertTopic: one(catalog.insertTopic),
    updateTopic: one(catalog.updateTopic),
    removeTopic(input: Parameters<typeof catalog.removeTopic>[1]): void {
      transaction(() => catalog.removeTopic(db, input));
      append.forget();
    },
    insertSubscription: one(catalog.insertSubscription),
    updateSubscription: one(catalog.updateSubscription),
    setSubscriptionState: one(catalog.setSubscriptionState),
    setSubscriptionHealth: one(catalog.setSubscriptionHealth),
    removeSubscription: one(catalog.removeSubscription),
    putEntry: one(entries.putEntry),
    deleteEntry: one(entries.deleteEntry),
    ...recordJobs(one),
    rewind: one(rewind),
    redrive: one(deadLetters.redrive),
    purge: one(deadLetters.purge),
    ...replayJobs(one),
    indexAttempts: one(indexAttempts),
    markClock: one(markClock),
    trimTopic: one(trimTopic),
    trimRecords: one(retention.trimRecords),
    /** Writes and deletes a probe. Fails when the disk has no room for a message. */
    probe(_input: null): void {
      transaction(() => db.exec(`INSERT INTO write_probe VALUES (zeroblob(${PROBE_BYTES})); DELETE FROM write_probe`));
    },
    setBytesMax: ({ bytesMax }: { readonly bytesMax: number }) => budget?.setBytesMax(bytesMax),
  };
}

type InTransaction = <I, O>(operation: (db: DatabaseSync, input: I) => O) => (input: I) => O;

/** Jobs of the records of changes, and of the counts of events. */
function recordJobs(one: InTransaction) {
  return {
    appendAudit: one(appendAudit),
    deleteSomeAudit: one(deleteSomeAudit),
    writeTallies: one(writeTallies),
    writeExchanges: one(writeExchanges),
    trimExchanges: one(trimExchanges),
    deleteSomeExchanges: one(deleteSomeExchanges),
    trimTallies: one(trimTallies),
    deleteSomeTallies: one(deleteSomeTallies),
  };
}

/** Jobs that send messages again. */
function replayJobs(one: InTransaction) {
  return {
    retryDelivery: one(deliveries.retryDelivery),
    cancelDelivery: one(deliveries.cancelDelivery),
    createReplay: one(replays.createReplay),
    changeReplay: one(replays.changeReplay),
    endReplay: one(replays.endReplay),
    removeReplay: one(replays.removeReplay),
    trimReplays: one(replays.trimReplays),
    stepReplay: one(stepReplay),
  };
}

function writeGroup(db: DatabaseSync, append: AppendOperation, group: WriteGroup): Omit<WriteGroupResult, "commitS"> {
  if (group.mark !== null) markClock(db, group.mark);
  const appended = group.append === null ? null : append.run(group.append);
  if (group.settle === null) return { append: appended, answers: null };
  writeSettlements(db, group.settle);
  const { answers, nowMs } = group.settle;
  return { append: appended, answers: answers === null ? null : applyAnswers(db, answers, nowMs) };
}

export type WriteJobs = ReturnType<typeof writeJobs>;

/** Copies what `work` has written to the database file, so that a copy of the file alone shows it. */
function withCheckpoint<T>(db: DatabaseSync, work: () => T): T {
  const result = work();
  db.exec("PRAGMA wal_checkpoint(PASSIVE)");
  return result;
}

/** The buffers are transferred to the thread, not copied. */
export function buffersOf({ append, settle }: WriteGroup): ArrayBuffer[] {
  const buffers: ArrayBufferLike[] = [];
  if (append !== null) buffers.push(append.bodies.buffer);
  if (settle !== null) {
    buffers.push(settle.attempts.numbers.buffer, settle.attempts.replies.buffer, settle.cursors.numbers.buffer);
    if (settle.answers !== null) buffers.push(settle.answers.numbers.buffer, settle.answers.attempts.numbers.buffer);
  }
  return buffers as ArrayBuffer[];
}
