import { RingbackError } from "../../domain/errors.ts";
import type { Seq, SubscriptionId, TimeMs } from "../../domain/model.ts";
import type { Clock, Timers } from "../../domain/ports.ts";
import type { AppendResult, AppendRequest } from "../log.ts";
import type { StoreObserver } from "../store.ts";
import { appendBytes, assertStorable, toAppendGroup } from "./append-group.ts";
import { appendStatus, type AppendGroupResult } from "./operations/append.ts";
import { UNINDEXED_ATTEMPTS_MAX } from "./operations/index-attempts.ts";
import type { AnswerOutcomes } from "./answer-columns.ts";
import {
  forgetRemoved,
  releaseHeld,
  rowCount,
  takeOut,
  tellWritten,
  toSettleGroup,
  type SettleWork,
} from "./settle-work.ts";
import type { ThreadLink } from "./thread-link.ts";
import type { WriteGroup, WriteJobs } from "./write-thread.ts";

/** Bytes of messages waiting to be written; past it publishes are refused as `overloaded`. */
const WAITING_BYTES_MAX = 64 * 1024 * 1024;
/** Bytes of messages in one commit; one request always fits. */
const GROUP_BYTES_MAX = 8 * 1024 * 1024;
/** Rows of settled work waiting for a slow or failing disk; past it nothing new is claimed. */
const WAITING_ROWS_MAX = 20_000;
/**
 * How long settled work may wait for more to share its commit with, and how many rows are enough not to wait. Nobody waits
 * for it; what is not written yet goes out again after a crash, as what is in flight does.
 */
const SETTLE_WAIT_MS = 20;
const SETTLED_ROWS_ENOUGH = 1_000;
/** After a failed commit, settlements are tried again this much later; without any, a write that changes nothing. */
const RETRY_MS = 250;

interface WaitingAppend {
  readonly request: AppendRequest;
  readonly bytes: number;
  readonly resolve: (receipt: AppendResult) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Gathers what wants to be written while the disk is busy, and writes it as one transaction: one fsync for all of it.
 * Publishes fail with their commit. Settlements do not: they are kept and tried again until the disk takes them.
 */
export class GroupCommit {
  readonly #thread: ThreadLink<WriteJobs>;
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #observer: StoreObserver;
  readonly #appended: (request: AppendRequest, receipt: AppendResult) => void;
  #appends: WaitingAppend[] = [];
  #appendBytes = 0;
  #settles: SettleWork[] = [];
  #settleRows = 0;
  /** Work that wants no commit under way beside it. */
  #turns: (() => Promise<void>)[] = [];
  #wroteForTurn = false;
  #busy = false;
  #scheduled = false;
  #cancelSettleTimer: (() => void) | null = null;
  #settleDue = false;
  #cancelRetryTimer: (() => void) | null = null;
  #retryDue = false;
  #writable = true;
  /** At least as many as there are: attempts from before this start are counted in full. */
  #unindexedAttempts = UNINDEXED_ATTEMPTS_MAX;
  #idleWaiters: (() => void)[] = [];
  #state: "open" | "closing" | "closed" = "open";

  constructor(options: {
    thread: ThreadLink<WriteJobs>;
    clock: Clock;
    timers: Timers;
    observer: StoreObserver;
    /** Runs for each durable append, before its promise resolves. */
    appended: (request: AppendRequest, receipt: AppendResult) => void;
  }) {
    this.#thread = options.thread;
    this.#clock = options.clock;
    this.#timers = options.timers;
    this.#observer = options.observer;
    this.#appended = options.appended;
  }

  get writable(): boolean {
    return this.#writable;
  }

  /** So much settled work waits for the disk that no more should come to be. */
  get isCongested(): boolean {
    return this.#settleRows >= WAITING_ROWS_MAX;
  }

  async append(request: AppendRequest): Promise<AppendResult> {
    assertStorable(request);
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
    if (work.isUrgent) this.#settleDue = true;
    if (!this.#busy && this.#writable) this.#writeSettlesSoon();
  }

  #writeSettlesSoon(): void {
    if (this.#settleDue || this.#settleRows >= SETTLED_ROWS_ENOUGH) {
      this.#settleDue = true;
      this.#schedule();
      return;
    }
    this.#cancelSettleTimer ??= this.#timers.after(SETTLE_WAIT_MS, () => {
      this.#cancelSettleTimer = null;
      this.#settleDue = true;
      this.#schedule();
    });
  }

  /**
   * Runs `work` while no commit is under way: whatever has been settled is either on the disk or in `waiting`, and what
   * comes meanwhile waits there as well.
   */
  alone<T>(work: () => Promise<T>): Promise<T> {
    if (this.#state === "closed") return Promise.reject(new RingbackError("shutting_down"));
    return new Promise((resolve, reject) => {
      this.#turns.push(() => work().then(resolve, reject));
      this.#schedule();
    });
  }

  /** Settled work that is not on the disk yet. Complete only within `alone`. */
  get waiting(): readonly SettleWork[] {
    return this.#settles;
  }

  /** Something has been settled that is not on the disk yet. */
  get isBehind(): boolean {
    return this.#busy || this.#settles.length > 0;
  }

  /** Resolves when what has been settled so far is on the disk, or when the disk has refused it. */
  async written(): Promise<void> {
    // The commit under way, and the one after it, which takes what waits.
    for (let run = 0; run < 2 && this.isBehind && this.#writable && this.#state === "open"; run++) {
      const ran = new Promise<void>((resolve) => this.#idleWaiters.push(resolve));
      this.#settleDue = true;
      this.#schedule();
      await ran;
    }
  }

  forgetRemoved(isGone: (id: SubscriptionId) => boolean): void {
    for (const work of this.#settles) forgetRemoved(work, isGone);
  }

  releaseHeld(id: SubscriptionId, nowMs: TimeMs): void {
    for (const work of this.#settles) releaseHeld(work, id, nowMs);
  }

  /** Within `alone`: see `takeOut` of settled work. */
  takeOut(id: SubscriptionId, fromSeq: Seq, parked: Map<Seq, string | null>): void {
    for (const work of this.#settles) takeOut(work, id, fromSeq, parked);
  }

  /** A write outside of the commits has failed: until one succeeds, the store counts as not writable. */
  noteFailure(error: unknown): void {
    if (!isStorageFault(error)) return;
    this.#writable = false;
    this.#next();
  }

  /** Writes what waits, gives up on what the disk refuses, and takes nothing more. */
  async close(): Promise<void> {
    if (this.#state === "open") this.#state = "closing";
    this.#retryDue = true;
    do {
      const idle = new Promise<void>((resolve) => this.#idleWaiters.push(resolve));
      this.#settleDue = true;
      this.#schedule();
      if (!this.#busy && !this.#scheduled) break;
      await idle;
    } while (this.#hasWork && (this.#writable || this.#appends.length > 0 || this.#turns.length > 0));
    this.#state = "closed";
    this.#cancelTimers();
    const gone = new RingbackError("shutting_down");
    for (const append of this.#appends.splice(0)) append.reject(gone);
    for (const settle of this.#settles.splice(0)) settle.failed(gone);
  }

  get #hasWork(): boolean {
    return this.#busy || this.#appends.length > 0 || this.#settles.length > 0 || this.#turns.length > 0;
  }

  #cancelTimers(): void {
    this.#cancelSettleTimer?.();
    this.#cancelSettleTimer = null;
    this.#cancelRetryTimer?.();
    this.#cancelRetryTimer = null;
  }

  /** At the end of this turn of the event loop: every publish that arrived in it shares the commit. */
  #schedule(): void {
    if (this.#scheduled || this.#busy || this.#state === "closed") return;
    this.#scheduled = true;
    this.#timers.soon(() => {
      this.#scheduled = false;
      void this.#run();
    });
  }

  async #run(): Promise<void> {
    if (this.#busy || this.#state === "closed") return;
    this.#busy = true;
    // What waits is written before each turn, if the disk takes it: the turns should find as little as possible.
    const turn = this.#wroteForTurn ? this.#turns.shift() : undefined;
    this.#wroteForTurn = turn === undefined && this.#turns.length > 0;
    if (this.#wroteForTurn) this.#settleDue = true;
    await (turn === undefined ? this.#writeNext() : turn());
    this.#busy = false;
    for (const wake of this.#idleWaiters.splice(0)) wake();
    this.#next();
  }

  #next(): void {
    if (this.#state === "closed") return;
    if (!this.#writable) this.#armRetry();
    if (this.#appends.length > 0 || this.#turns.length > 0) this.#schedule();
    else if (this.#settles.length > 0 && this.#writable) {
      if (this.#settleDue) this.#schedule();
      else this.#writeSettlesSoon();
    }
  }

  #armRetry(): void {
    this.#cancelRetryTimer ??= this.#timers.after(RETRY_MS, () => {
      this.#cancelRetryTimer = null;
      this.#retryDue = true;
      this.#schedule();
    });
  }

  /**
   * While writes succeed, publishes and settlements share their commits. After a failure they go apart, so that neither
   * keeps the other from being written: publishes fail one after the other, settlements are tried now and then.
   */
  async #writeNext(): Promise<void> {
    if (this.#writable) {
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
      // Whoever waits for it shall hear of it.
      for (const { answers, failed } of settles) if (answers !== null) failed(error);
      const kept = settles.filter(({ answers }) => answers === null);
      this.#settles = [...kept, ...this.#settles];
      for (const settle of kept) this.#settleRows += rowCount(settle);
      for (const append of appends) append.reject(error);
    } else if (appends.length + settles.length > 1) {
      // One of them holds something that the database will never take: the others must not suffer for it.
      for (const append of appends) await this.#write([append], []);
      for (const settle of settles) await this.#write([], [settle]);
    } else {
      for (const append of appends) append.reject(error);
      for (const settle of settles) settle.failed(error);
    }
  }

  async #commit(appends: readonly WaitingAppend[], settles: readonly SettleWork[]): Promise<Error | null> {
    const nowMs = this.#clock.now();
    const requests = appends.map((append) => append.request);
    const append = appends.length === 0 ? null : toAppendGroup(requests, nowMs);
    const group = { append, settle: settles.length === 0 ? null : toSettleGroup(settles, nowMs) };
    let outcomes: AnswerOutcomes | null = null;
    try {
      const result = await this.#thread.call("group", group, buffersOf(group));
      this.#writable = true;
      this.#observer.commit(result.commitS, appends.length + settles.length);
      if (result.append !== null) this.#resolveAppends(appends, result.append);
      outcomes = result.answers;
    } catch (error) {
      return error as Error;
    }
    tellWritten(settles, outcomes);
    this.#noteAttempts(settles);
    return null;
  }

  /** A job of its own, between two commits. When it fails, the next one does its work. */
  #noteAttempts(settles: readonly SettleWork[]): void {
    for (const { attempts, answers } of settles) this.#unindexedAttempts += attempts.count + (answers?.count ?? 0);
    if (this.#unindexedAttempts < UNINDEXED_ATTEMPTS_MAX) return;
    this.#unindexedAttempts = 0;
    this.#thread.call("indexAttempts", null).catch(() => {});
  }

  async #probe(): Promise<void> {
    try {
      await this.#thread.call("probe", null);
      this.#writable = true;
    } catch (error) {
      this.#writable = !isStorageFault(error);
    }
  }

  #takeSettles(): readonly SettleWork[] {
    const settles = this.#settles;
    this.#settles = [];
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

  #resolveAppends(appends: readonly WaitingAppend[], result: AppendGroupResult): void {
    for (let index = 0; index < appends.length; index++) {
      const { request, resolve, reject } = appends[index] as WaitingAppend;
      const status = result.status[index];
      if (status === appendStatus.topicGone) reject(new RingbackError("topic_not_found"));
      else if (status === appendStatus.keyConflict) reject(new RingbackError("idempotency_conflict"));
      else {
        const receipt: AppendResult = {
          firstSeq: result.firstSeqs[index] as number,
          publishedAtMs: result.publishedAtMs[index] as number,
          replayed: status === appendStatus.replayed,
        };
        this.#appended(request, receipt);
        resolve(receipt);
      }
    }
  }
}

/** Handed over, not copied. */
function buffersOf({ append, settle }: WriteGroup): ArrayBuffer[] {
  const buffers: ArrayBufferLike[] = [];
  if (append !== null) buffers.push(append.bodies.buffer);
  if (settle !== null) {
    buffers.push(settle.attempts.numbers.buffer, settle.attempts.replies.buffer, settle.cursors.numbers.buffer);
    if (settle.answers !== null) buffers.push(settle.answers.numbers.buffer, settle.answers.attempts.numbers.buffer);
  }
  return buffers as ArrayBuffer[];
}

/** The disk's fault, which may pass, and not that of what was to be written. */
function isStorageFault(error: unknown): boolean {
  return !(error instanceof RingbackError) || error.code !== "internal";
}
