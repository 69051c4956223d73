import { RingbackError } from "../../domain/errors.ts";
import type { Clock, Timers } from "../../domain/ports.ts";
import type { NewMessage, TimeMs } from "../../domain/model.ts";
import type { AppendReceipt, AppendRequest, StoreObserver } from "../port.ts";
import { appendStatus, type AppendGroup, type AppendGroupResult } from "./operations/append.ts";
import { UNINDEXED_ATTEMPTS_MAX } from "./operations/index-attempts.ts";
import type { SubscriptionEntry } from "./catalog.ts";
import type { DeadRow, ParkRow, SettleGroup, UnparkRow } from "./operations/settle.ts";
import { AttemptList, packCursors } from "./settle-columns.ts";
import type { ThreadLink } from "./thread-link.ts";
import type { WriteJobs } from "./write-thread.ts";

/** Bytes of messages waiting to be written; past it publishes are refused as `overloaded`. */
const WAITING_BYTES_MAX = 64 * 1024 * 1024;
/** Bytes of messages in one commit; one request always fits. */
const GROUP_BYTES_MAX = 8 * 1024 * 1024;
/** How long a settlement may wait for a publish to share its commit with. */
const SETTLE_WAIT_MS = 5;
/** After a failed commit, settlements are tried again this much later. */
const RETRY_MS = 250;

/** One piece of settled work: rows for the commit, and what to do once they are durable. */
export interface SettleWork {
  readonly attempts: AttemptList;
  /** Their cursors are read when the commit is put together, so that one that moved ten times since is written once. */
  readonly entries: ReadonlySet<SubscriptionEntry>;
  readonly dead: DeadRow[];
  readonly unparked: UnparkRow[];
  readonly parked: ParkRow[];
  readonly done: () => void;
}

interface WaitingAppend {
  readonly request: AppendRequest;
  readonly bytes: number;
  readonly resolve: (receipt: AppendReceipt) => void;
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
  readonly #appended: (request: AppendRequest, receipt: AppendReceipt) => void;
  #appends: WaitingAppend[] = [];
  #appendBytes = 0;
  #settles: SettleWork[] = [];
  #writing = false;
  #scheduled = false;
  #cancelSettleTimer: (() => void) | null = null;
  #settleDue = false;
  #writable = true;
  /** At least as many as there are: attempts from before this start are counted in full. */
  #unindexedAttempts = UNINDEXED_ATTEMPTS_MAX;
  #idleWaiters: (() => void)[] = [];
  #closed = false;

  constructor(options: {
    thread: ThreadLink<WriteJobs>;
    clock: Clock;
    timers: Timers;
    observer: StoreObserver;
    /** Runs for each durable append, before its promise resolves. */
    appended: (request: AppendRequest, receipt: AppendReceipt) => void;
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

  append(request: AppendRequest): Promise<AppendReceipt> {
    let bytes = 0;
    for (const message of request.messages) bytes += message.body.byteLength;
    if (this.#closed) return Promise.reject(new RingbackError("shutting_down"));
    if (this.#appendBytes > 0 && this.#appendBytes + bytes > WAITING_BYTES_MAX) {
      return Promise.reject(new RingbackError("overloaded", "Too many publishes are waiting for the disk."));
    }
    return new Promise((resolve, reject) => {
      this.#appends.push({ request, bytes, resolve, reject });
      this.#appendBytes += bytes;
      this.#schedule();
    });
  }

  settle(work: SettleWork): void {
    this.#settles.push(work);
    if (this.#writing || this.#scheduled || this.#cancelSettleTimer !== null) return;
    this.#cancelSettleTimer = this.#timers.after(SETTLE_WAIT_MS, () => {
      this.#cancelSettleTimer = null;
      this.#settleDue = true;
      this.#schedule();
    });
  }

  /** Resolves when nothing waits to be written, or when the disk has refused what does. */
  async flush(): Promise<void> {
    while (this.#writable && (this.#writing || this.#appends.length > 0 || this.#settles.length > 0)) {
      const idle = new Promise<void>((resolve) => this.#idleWaiters.push(resolve));
      this.#settleDue = true;
      this.#schedule();
      await idle;
    }
  }

  close(): void {
    this.#closed = true;
    this.#cancelSettleTimer?.();
    this.#cancelSettleTimer = null;
  }

  /** At the end of this turn of the event loop: every publish that arrived in it shares the commit. */
  #schedule(): void {
    if (this.#scheduled || this.#writing || this.#closed) return;
    this.#scheduled = true;
    this.#timers.soon(() => {
      this.#scheduled = false;
      if (!this.#writing) void this.#write();
    });
  }

  async #write(): Promise<void> {
    const appends = this.#takeAppends();
    const settles = this.#settles;
    if (appends.length === 0 && (settles.length === 0 || !this.#settleDue)) return;
    this.#settles = [];
    this.#settleDue = false;
    this.#cancelSettleTimer?.();
    this.#cancelSettleTimer = null;
    this.#writing = true;
    const nowMs = this.#clock.now();
    try {
      const append = appends.length === 0 ? null : toAppendGroup(appends, nowMs);
      const result = await this.#thread.call(
        "group",
        { append, settle: settles.length === 0 ? null : toSettleGroup(settles, nowMs) },
        append === null ? [] : [append.bodies.buffer as ArrayBuffer],
      );
      this.#writable = true;
      this.#observer.commit(result.commitS, appends.length + settles.length);
      if (result.append !== null) this.#resolveAppends(appends, result.append);
      for (const settle of settles) settle.done();
      this.#noteAttempts(settles);
    } catch (error) {
      this.#writable = false;
      this.#settles = [...settles, ...this.#settles];
      for (const append of appends) append.reject(error as Error);
    }
    this.#writing = false;
    for (const wake of this.#idleWaiters.splice(0)) wake();
    this.#next();
  }

  /** A job of its own, between two commits. When it fails, the next one does its work. */
  #noteAttempts(settles: readonly SettleWork[]): void {
    for (const settle of settles) this.#unindexedAttempts += settle.attempts.count;
    if (this.#unindexedAttempts < UNINDEXED_ATTEMPTS_MAX) return;
    this.#unindexedAttempts = 0;
    this.#thread.call("indexAttempts", null).catch(() => {});
  }

  #next(): void {
    if (this.#closed) return;
    if (this.#appends.length > 0) this.#schedule();
    else if (this.#settles.length > 0) {
      if (this.#writable) {
        // The disk has just been busy for a while: what came meanwhile has waited long enough.
        this.#settleDue = true;
        this.#schedule();
      } else {
        this.#cancelSettleTimer ??= this.#timers.after(RETRY_MS, () => {
          this.#cancelSettleTimer = null;
          this.#settleDue = true;
          this.#schedule();
        });
      }
    }
  }

  #takeAppends(): WaitingAppend[] {
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
        const receipt: AppendReceipt = {
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

function toAppendGroup(appends: readonly WaitingAppend[], nowMs: TimeMs): AppendGroup {
  const messages: NewMessage[] = [];
  let bytes = 0;
  for (const append of appends) {
    for (const message of append.request.messages) {
      messages.push(message);
      bytes += message.body.byteLength;
    }
  }
  const bodies = new Uint8Array(bytes);
  let offset = 0;
  for (const message of messages) {
    bodies.set(message.body, offset);
    offset += message.body.byteLength;
  }
  const keyed = appends.some((append) => append.request.idempotency !== null);
  return {
    nowMs,
    topicIds: appends.map((append) => append.request.topicId),
    counts: appends.map((append) => append.request.messages.length),
    keys: keyed ? appends.map((append) => append.request.idempotency?.key ?? null) : null,
    fingerprints: keyed ? appends.map((append) => append.request.idempotency?.fingerprint ?? null) : null,
    bodies,
    lengths: messages.map((message) => message.body.byteLength),
    delaysMs: messages.some((message) => message.delayMs > 0) ? messages.map((message) => message.delayMs) : null,
    contentTypes: column(messages, (message) => message.contentType),
    tags: column(messages, (message) => (message.tags.length === 0 ? null : JSON.stringify(message.tags))),
    routingKeys: column(messages, (message) => message.routingKey),
    orderingKeys: column(messages, (message) => message.orderingKey),
    attributes: column(messages, attributesText),
  };
}

function attributesText(message: NewMessage): string | null {
  for (const _name in message.attributes) return JSON.stringify(message.attributes);
  return null;
}

/** null when no message has a value. */
function column(
  messages: readonly NewMessage[],
  value: (message: NewMessage) => string | null,
): (string | null)[] | null {
  let used = false;
  const values = messages.map((message) => {
    const text = value(message);
    if (text !== null) used = true;
    return text;
  });
  return used ? values : null;
}

function toSettleGroup(works: readonly SettleWork[], nowMs: TimeMs): SettleGroup {
  const moved = new Set<SubscriptionEntry>();
  for (const work of works) for (const entry of work.entries) moved.add(entry);
  return {
    nowMs,
    attempts: AttemptList.pack(works.map((work) => work.attempts)),
    cursors: packCursors(moved),
    dead: works.flatMap((work) => work.dead),
    unparked: works.flatMap((work) => work.unparked),
    parked: works.flatMap((work) => work.parked),
  };
}
