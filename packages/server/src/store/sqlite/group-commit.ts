import { RingbackError } from "../../domain/errors.ts";
import { momentOf } from "../../domain/clock-rules.ts";
import type { TimeMs } from "../../domain/model.ts";
import type { Clock, Moment, Timers } from "../../domain/ports.ts";
import type { AppendResult, AppendRequest } from "../log.ts";
import type { StoreObserver } from "../store.ts";
import { assertAppendStorable } from "../append-rule.ts";
import { appendBytes, toAppendGroup } from "./append-group.ts";
import { appendRefusals, appendStatus, type AppendGroupResult } from "./operations/append.ts";
import { UNINDEXED_ATTEMPTS_MAX } from "./operations/index-attempts.ts";
import {
  CLOCK_MARK_MS,
  GROUP_BYTES_MAX,
  RETRY_MS,
  SETTLE_WAIT_MS,
  SETTLED_ROWS_ENOUGH,
  WAITING_BYTES_MAX,
  WAITING_ROWS_MAX,
} from "./commit-limits.ts";
import type { ClockMarks } from "./clock-marks.ts";
import type { AnswerOutcomes } from "./answer-columns.ts";
import { notifyWritten, rowCount, toSettleGroup, type SettleWork } from "./settle-work.ts";
import type { JobLink } from "./jobs.ts";
import type { WriteGroup, WriteJobs } from "./write-jobs.ts";

export interface GroupCommitOptions {
  readonly thread: JobLink<WriteJobs>;
  readonly clock: Clock;
  readonly clockMarks: ClockMarks;
  readonly timers: Timers;
  readonly observer: StoreObserver;
  /** Called for each durable append, before its promise resolves. Delays count from `nowMs`. */
  readonly appended: (request: AppendRequest, result: AppendResult, nowMs: TimeMs) => void;
}

interface WaitingAppend {
  readonly request: AppendRequest;
  readonly bytes: number;
  readonly resolve: (result: AppendResult) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Collects publishes and settlements while the disk is busy, and writes them as one transaction, with one fsync.
 * Publishes fail with their commit. Settlements are kept and retried until the disk accepts them.
 */
export class GroupCommit {
  readonly #options: GroupCommitOptions;
  #appends: WaitingAppend[] = [];
  #appendBytes = 0;
  #settles: SettleWork[] = [];
  #settleRows = 0;
  /** Settlements of the commit that is under way. */
  #committing: readonly SettleWork[] = [];
  /** Exclusive sections that wait to run. */
  #sections: (() => Promise<void>)[] = [];
  #wroteForSection = false;
  #busy = false;
  #scheduled = false;
  #cancelSettleTimer: (() => void) | null = null;
  #settleDue = false;
  #cancelRetryTimer: (() => void) | null = null;
  #retryDue = false;
  #writable = true;
  /**
   * An upper bound of the attempts that are not indexed. Starts at its maximum: those of earlier processes are unknown.
   */
  #unindexedAttempts = UNINDEXED_ATTEMPTS_MAX;
  #idleWaiters: (() => void)[] = [];
  #state: "open" | "closing" | "closed" = "open";

  constructor(options: GroupCommitOptions) {
    this.#options = options;
  }

  get writable(): boolean {
    return this.#writable;
  }

  /** Whether so many settlements wait for the disk that no more deliveries should be claimed. */
  get isCongested(): boolean {
    return this.#settleRows >= WAITING_ROWS_MAX;
  }

  async append(request: AppendRequest): Promise<AppendResult> {
    assertAppendStorable(request);
    if (this.#state !== "open") throw new RingbackError("shutting_down");
    const bytes = appendBytes(request);
    if (this.#appendBytes > 0 && this.#appendBytes + bytes > WAITING_BYTES_MAX) {
      throw new RingbackError("overloaded", "Too many publishes are waiting for the disk.");
    }
    return new Promise((resolve, reject) => {
      this.#appends.push({ request, bytes, resolve, reject });
      this.#appendBytes += bytes;
      this.#schedule();
    });
  }

  settle(work: SettleWork): void {
    if (this.#state === "closed") {
      work.failed(new RingbackError("shutting_down"));
      return;
    }
    this.#settles.push(work);
    this.#settleRows += rowCount(work);
    if (work.isUrgent) this.#settleDue = this.#retryDue = true;
    if (this.#busy) return;
    if (this.#writable) this.#writeSettlesSoon();
    else if (work.isUrgent) this.#schedule();
  }

  #writeSettlesSoon(): void {
    if (this.#settleDue || this.#settleRows >= SETTLED_ROWS_ENOUGH) {
      this.#settleDue = true;
      this.#schedule();
      return;
    }
    this.#cancelSettleTimer ??= this.#options.timers.after(SETTLE_WAIT_MS, () => {
      this.#cancelSettleTimer = null;
      this.#settleDue = true;
      this.#schedule();
    });
  }

  /**
   * Runs `work` while no commit is under way. During `work`, every settlement is either written or in `waiting`,
   * including settlements that arrive during `work`.
   */
  exclusively<T>(work: () => Promise<T>): Promise<T> {
    if (this.#state === "closed") return Promise.reject(new RingbackError("shutting_down"));
    return new Promise((resolve, reject) => {
      this.#sections.push(() => work().then(resolve, reject));
      this.#schedule();
    });
  }

  /** Settlements that are not written yet. Complete only within `exclusively`. */
  get waiting(): readonly SettleWork[] {
    return this.#settles;
  }

  /** Settlements that may not be written yet, in their order: those of the commit under way, then those that wait. */
  get unwritten(): readonly SettleWork[] {
    return this.#committing.length === 0 ? this.#settles : [...this.#committing, ...this.#settles];
  }

  /** Whether some settlements are not written yet. */
  get isBehind(): boolean {
    return this.#busy || this.#settles.length > 0;
  }

  /** Resolves when all settlements so far are written, or when the disk has refused them. */
  async written(): Promise<void> {
    // The current commit, perhaps an exclusive section, and the next commit, which writes the waiting settlements.
    for (let run = 0; run < 3 && this.isBehind && this.#writable && this.#state === "open"; run++) {
      const ran = new Promise<void>((resolve) => this.#idleWaiters.push(resolve));
      this.#settleDue = true;
      this.#schedule();
      await ran;
    }
  }

  /**
   * Runs a write job in a separate transaction. When the disk refuses the write, the store counts as not writable until
   * a commit succeeds.
   */
  async write<N extends keyof WriteJobs>(
    name: N,
    input: Parameters<WriteJobs[N]>[0],
  ): Promise<ReturnType<WriteJobs[N]>> {
    try {
      return await this.#options.thread.call(name, input);
    } catch (error) {
      if (isStorageFault(error)) {
        this.#writable = false;
        this.#next();
      }
      throw error;
    }
  }

  /** Writes waiting work, rejects work that the disk refuses, and accepts no more. */
  async close(): Promise<void> {
    if (this.#state === "open") this.#state = "closing";
    this.#retryDue = true;
    do {
      const idle = new Promise<void>((resolve) => this.#idleWaiters.push(resolve));
      this.#settleDue = true;
      this.#schedule();
      if (!this.#busy && !this.#scheduled) break;
      await idle;
    } while (this.#hasWork && (this.#writable || this.#appends.length > 0 || this.#sections.length > 0));
    this.#state = "closed";
    this.#cancelTimers();
    const gone = new RingbackError("shutting_down");
    for (const append of this.#appends.splice(0)) append.reject(gone);
    for (const settle of this.#settles.splice(0)) settle.failed(gone);
  }

  get #hasWork(): boolean {
    return this.#busy || this.#appends.length > 0 || this.#settles.length > 0 || this.#sections.length > 0;
  }

  #cancelTimers(): void {
    this.#cancelSettleTimer?.();
    this.#cancelSettleTimer = null;
    this.#cancelRetryTimer?.();
    this.#cancelRetryTimer = null;
  }

  /** The commit starts at the end of this turn of the event loop, so that all publishes of the turn share it. */
  #schedule(): void {
    if (this.#scheduled || this.#busy || this.#state === "closed") return;
    this.#scheduled = true;
    this.#options.timers.soon(() => {
      this.#scheduled = false;
      void this.#run();
    });
  }

  async #run(): Promise<void> {
    if (this.#busy || this.#state === "closed") return;
    this.#busy = true;
    // Waiting work is written before each exclusive section if the disk accepts it, so that little is left in
    // `waiting`.
    const section = this.#wroteForSection ? this.#sections.shift() : undefined;
    this.#wroteForSection = section === undefined && this.#sections.length > 0;
    if (this.#wroteForSection) this.#settleDue = true;
    await (section === undefined ? this.#writeNext() : section());
    this.#committing = [];
    this.#busy = false;
    for (const wake of this.#idleWaiters.splice(0)) wake();
    this.#next();
  }

  #next(): void {
    if (this.#state === "closed") return;
    const isRetryDue = this.#retryDue && this.#settles.length > 0;
    if (!this.#writable && !isRetryDue) this.#armRetry();
    if (this.#appends.length > 0 || this.#sections.length > 0 || (!this.#writable && isRetryDue)) this.#schedule();
    else if (this.#settles.length > 0 && this.#writable) {
      if (this.#settleDue) this.#schedule();
      else this.#writeSettlesSoon();
    }
  }

  #armRetry(): void {
    this.#cancelRetryTimer ??= this.#options.timers.after(RETRY_MS, () => {
      this.#cancelRetryTimer = null;
      this.#retryDue = true;
      this.#schedule();
    });
  }

  /**
   * While writes succeed, publishes and settlements share their commits. After a failure they are written separately,
   * so that neither blocks the other: publishes fail one after the other, and settlements are retried at intervals.
   */
  async #writeNext(): Promise<void> {
    if (this.#writable) {
      this.#retryDue = false;
      if (this.#appends.length === 0 && (this.#settles.length === 0 || !this.#settleDue)) return;
      await this.#write(this.#takeAppends(), this.#takeSettles());
    } else if (this.#retryDue) {
      this.#retryDue = false;
      if (this.#settles.length > 0) await this.#write([], this.#takeSettles());
      else await this.#probe();
    } else if (this.#appends.length > 0) await this.#write(this.#takeAppends(), []);
  }

  async #write(appends: readonly WaitingAppend[], settles: readonly SettleWork[]): Promise<void> {
    const error = await this.#commit(appends, settles);
    if (error === null) return;
    if (isStorageFault(error)) {
      this.#writable = false;
      // Receivers' answers are not retried, because each receiver waits for the result of its answer.
      for (const { answers, failed } of settles) if (answers !== null) failed(error);
      const kept = settles.filter(({ answers }) => answers === null);
      for (const { refused } of kept) refused(error);
      this.#settles = [...kept, ...this.#settles];
      for (const settle of kept) this.#settleRows += rowCount(settle);
      for (const append of appends) append.reject(error);
    } else if (appends.length + settles.length > 1) {
      // One piece of work has rows that the database can never store. The others must not fail, so each is written
      // separately.
      for (const append of appends) await this.#write([append], []);
      for (const settle of settles) await this.#write([], [settle]);
    } else {
      for (const append of appends) append.reject(error);
      for (const settle of settles) settle.failed(error);
    }
  }

  async #commit(appends: readonly WaitingAppend[], settles: readonly SettleWork[]): Promise<Error | null> {
    const { clockMarks, clock } = this.#options;
    const moment = momentOf(clock);
    const requests = appends.map((append) => append.request);
    const append = appends.length === 0 ? null : toAppendGroup(requests, moment);
    const settle = settles.length === 0 ? null : toSettleGroup(settles, moment);
    const group = { append, settle, mark: clockMarks.due(moment, CLOCK_MARK_MS) };
    let outcomes: AnswerOutcomes | null = null;
    try {
      const result = await this.#options.thread.call("group", group, buffersOf(group));
      this.#writable = true;
      this.#options.observer.commit(result.commitS, appends.length + settles.length);
      if (result.append !== null) this.#resolveAppends(appends, result.append, moment);
      outcomes = result.answers;
    } catch (error) {
      return error as Error;
    }
    const isWhole = settles === this.#committing;
    this.#committing = isWhole ? [] : this.#committing.filter((work) => !settles.includes(work));
    notifyWritten(settles, outcomes);
    this.#noteAttempts(settles);
    return null;
  }

  /**
   * Indexes attempts in a separate job between two commits. When a job fails, the next one indexes its attempts too.
   */
  #noteAttempts(settles: readonly SettleWork[]): void {
    for (const { attempts, answers } of settles) this.#unindexedAttempts += attempts.count + (answers?.count ?? 0);
    if (this.#unindexedAttempts < UNINDEXED_ATTEMPTS_MAX) return;
    this.#unindexedAttempts = 0;
    this.#options.thread.call("indexAttempts", null).catch(() => {});
  }

  async #probe(): Promise<void> {
    try {
      await this.#options.thread.call("probe", null);
      this.#writable = true;
    } catch (error) {
      this.#writable = !isStorageFault(error);
    }
  }

  #takeSettles(): readonly SettleWork[] {
    const settles = this.#settles;
    this.#settles = [];
    this.#committing = settles;
    this.#settleRows = 0;
    this.#settleDue = false;
    this.#cancelSettleTimer?.();
    this.#cancelSettleTimer = null;
    return settles;
  }

  #takeAppends(): readonly WaitingAppend[] {
    let bytes = 0;
    let count = 0;
    for (const append of this.#appends) {
      if (count > 0 && bytes + append.bytes > GROUP_BYTES_MAX) break;
      bytes += append.bytes;
      count++;
    }
    this.#appendBytes -= bytes;
    if (count === this.#appends.length) {
      const all = this.#appends;
      this.#appends = [];
      return all;
    }
    return this.#appends.splice(0, count);
  }

  #resolveAppends(appends: readonly WaitingAppend[], result: AppendGroupResult, { nowMs }: Moment): void {
    for (let index = 0; index < appends.length; index++) {
      const { request, resolve, reject } = appends[index] as WaitingAppend;
      const status = result.status[index] as number;
      const refusal = appendRefusals[status];
      if (refusal !== undefined) reject(new RingbackError(refusal));
      else {
        const appended: AppendResult = {
          firstSeq: result.firstSeqs[index] as number,
          publishedAtMs: result.publishedAtMs[index] as number,
          replayed: status === appendStatus.replayed,
        };
        this.#options.appended(request, appended, nowMs);
        resolve(appended);
      }
    }
  }
}

/** The buffers are transferred to the thread, not copied. */
function buffersOf({ append, settle }: WriteGroup): ArrayBuffer[] {
  const buffers: ArrayBufferLike[] = [];
  if (append !== null) buffers.push(append.bodies.buffer);
  if (settle !== null) {
    buffers.push(settle.attempts.numbers.buffer, settle.attempts.replies.buffer, settle.cursors.numbers.buffer);
    if (settle.answers !== null) buffers.push(settle.answers.numbers.buffer, settle.answers.attempts.numbers.buffer);
  }
  return buffers as ArrayBuffer[];
}

/** Whether the disk caused the failure, so that a retry may succeed. Otherwise the rows cannot be stored. */
function isStorageFault(error: unknown): boolean {
  return !(error instanceof RingbackError) || error.code !== "internal";
}
