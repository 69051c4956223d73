import { RingbackError } from "../../domain/errors.ts";
import { momentOf } from "../../domain/clock-rules.ts";
import type { TimeMs } from "../../domain/model.ts";
import type { Clock, Timers } from "../../domain/ports.ts";
import type { AppendResult, AppendRequest } from "../log.ts";
import type { StoreObserver } from "../store.ts";
import { assertAppendStorable } from "../append-rule.ts";
import { toAppendGroup } from "./append-group.ts";
import { UNINDEXED_ATTEMPTS_MAX } from "./operations/index-attempts.ts";
import { CLOCK_MARK_MS, RETRY_MS, SETTLE_WAIT_MS, SETTLED_ROWS_ENOUGH, WAITING_ROWS_MAX } from "./commit-limits.ts";
import type { ClockMarks } from "./clock-marks.ts";
import type { AnswerOutcomes } from "./answer-columns.ts";
import { notifyWritten, rowCount, toSettleGroup, type SettleWork } from "./settle-work.ts";
import { isStorageFault, type JobLink } from "./jobs.ts";
import { resolveAppends, WaitingAppends, type WaitingAppend } from "./waiting-appends.ts";
import { buffersOf, type WriteJobs } from "./write-jobs.ts";
import { urgentPart, writePieces } from "./write-pieces.ts";

export interface GroupCommitOptions {
  readonly thread: JobLink<WriteJobs>;
  readonly clock: Clock;
  readonly clockMarks: ClockMarks;
  readonly timers: Timers;
  readonly observer: StoreObserver;
  /** Called for each durable append, before its promise resolves. Delays count from `nowMs`. */
  readonly appended: (request: AppendRequest, result: AppendResult, nowMs: TimeMs) => void;
}

/**
 * Collects publishes and settlements while the disk is busy, and writes them as one transaction, with one fsync.
 * Publishes and urgent settlements fail when the disk refuses them. Other settlements are kept and retried until the
 * disk accepts them.
 */
export class GroupCommit {
  readonly #options: GroupCommitOptions;
  readonly #appends = new WaitingAppends();
  #settles: SettleWork[] = [];
  #settleRows = 0;
  /** Rows of the works that are being written in pieces. */
  #refusedRows = 0;
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
  /** Set while settlements wait that the disk has refused. */
  #refusal: Error | null = null;
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
    return this.#settleRows + this.#refusedRows >= WAITING_ROWS_MAX;
  }

  async append(request: AppendRequest): Promise<AppendResult> {
    assertAppendStorable(request);
    if (this.#state !== "open") throw new RingbackError("shutting_down");
    const appended = this.#appends.add(request);
    this.#schedule();
    return appended;
  }

  settle(work: SettleWork): void {
    if (this.#state === "closed") {
      work.failed(new RingbackError("shutting_down"));
      return;
    }
    this.#settles.push(work);
    this.#settleRows += rowCount(work);
    if (work.isUrgent) this.#settleDue = true;
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
      const result = await this.#options.thread.call(name, input);
      // The job may have made room.
      if (this.#refusal !== null) {
        this.#retryDue = true;
        this.#next();
      }
      return result;
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
    } while (
      this.#hasWork &&
      (this.#writable || this.#retryDue || this.#appends.length > 0 || this.#sections.length > 0)
    );
    this.#state = "closed";
    this.#cancelTimers();
    const gone = new RingbackError("shutting_down");
    this.#appends.rejectAll(gone);
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
    const isDue = !this.#writable && (isRetryDue || this.#settles.some(({ isUrgent }) => isUrgent));
    if (this.#appends.length > 0 || this.#sections.length > 0 || isDue) this.#schedule();
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
   * While writes succeed, publishes and settlements share their commits. After a failure they are written separately:
   * urgent settlements at once, the others at intervals and in pieces that fit. Publishes get only the room that the
   * settlements leave.
   */
  async #writeNext(): Promise<void> {
    if (this.#writable) {
      this.#retryDue = false;
      if (this.#appends.length === 0 && (this.#settles.length === 0 || !this.#settleDue)) return;
      await this.#write(this.#appends.take(), this.#takeSettles());
      return;
    }
    await this.#writeUrgent();
    const isUntried = this.#refusal === null && this.#appends.length > 0;
    if (this.#settles.length > 0 && (this.#retryDue || isUntried)) await this.#writeKept();
    else if (this.#retryDue) await this.#probe();
    this.#retryDue = false;
    if (this.#refusal !== null) this.#appends.rejectAll(this.#refusal);
    else if (this.#appends.length > 0) await this.#write(this.#appends.take(), []);
  }

  async #writeUrgent(): Promise<void> {
    const urgent = urgentPart(this.#settles);
    if (urgent.length === 0) return;
    const taken = new Set(urgent);
    const others = this.#takeSettles().filter((work) => !taken.has(work));
    this.#keep(others);
    await this.#writePieces(urgent);
  }

  async #writeKept(): Promise<void> {
    this.#refusal = await this.#writePieces(this.#takeSettles());
  }

  async #writePieces(works: readonly SettleWork[]): Promise<Error | null> {
    this.#committing = works;
    this.#refusedRows = works.reduce((sum, work) => sum + rowCount(work), 0);
    const { left, refusal } = await writePieces(works, (piece) => this.#commit([], piece));
    this.#committing = [];
    this.#refusedRows = 0;
    this.#keep(left.filter(({ isUrgent }) => !isUrgent));
    if (refusal !== null) for (const { isUrgent, failed } of left) if (isUrgent) failed(refusal);
    return left.some(({ isUrgent }) => !isUrgent) ? refusal : null;
  }

  /** Puts works that are not written before those that have come since. */
  #keep(works: readonly SettleWork[]): void {
    this.#settles = [...works, ...this.#settles];
    for (const work of works) this.#settleRows += rowCount(work);
  }

  async #write(appends: readonly WaitingAppend[], settles: readonly SettleWork[]): Promise<void> {
    const error = await this.#commit(appends, settles);
    if (error === null) return;
    if (isStorageFault(error)) {
      this.#writable = false;
      for (const append of appends) append.reject(error);
      this.#keep(settles);
      // The settlements may fit without the publishes, or some of them without the others.
      if (settles.length > 0) this.#retryDue = true;
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
    const others = this.#unwrittenBesides(settles);
    const requests = appends.map((append) => append.request);
    const append = appends.length === 0 ? null : toAppendGroup(requests, moment);
    const settle = settles.length === 0 ? null : toSettleGroup(settles, others, moment);
    const group = { append, settle, mark: clockMarks.due(moment, CLOCK_MARK_MS) };
    let outcomes: AnswerOutcomes | null = null;
    try {
      const result = await this.#options.thread.call("group", group, buffersOf(group));
      if (others.length === 0) {
        this.#writable = true;
        this.#refusal = null;
      }
      this.#options.observer.commit(result.commitS, appends.length + settles.length);
      if (result.append !== null) {
        resolveAppends(appends, result.append, (request, durable) =>
          this.#options.appended(request, durable, moment.nowMs),
        );
      }
      outcomes = result.answers;
    } catch (error) {
      return error as Error;
    }
    const isWhole = settles === this.#committing;
    const written = new Set(settles);
    this.#committing = isWhole ? [] : this.#committing.filter((work) => !written.has(work));
    notifyWritten(settles, outcomes);
    this.#noteAttempts(settles);
    return null;
  }

  #unwrittenBesides(settles: readonly SettleWork[]): readonly SettleWork[] {
    if (settles === this.#committing) return this.#settles;
    const excluded = new Set(settles);
    return this.unwritten.filter((work) => !excluded.has(work));
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
}
