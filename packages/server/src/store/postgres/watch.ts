import { systemTimers } from "../../domain/ports.ts";
import { RingbackError } from "../../domain/errors.ts";
import { newClient } from "./connection.ts";
import { postgresLimits } from "./postgres-limits.ts";
import { sqlState } from "./storage-failure.ts";

interface Waiting {
  /** null: there is no session yet. */
  readonly pid: number | null;
  sinceMs: number;
  /** Time when a poll first found the server process of this call idle; null: no poll has found that. */
  idleSinceMs: number | null;
  readonly giveUp: (error: RingbackError) => void;
}

/**
 * Distinguishes a database that does not answer from a slow one. When packets are lost, a connection reports no error
 * until the operating system has resent them for a quarter of an hour. So when an answer is late, the server is polled
 * over a new connection, with one of three results:
 * - The server does not answer. Every waiting call fails, and new calls fail at once, until the server answers again.
 * - The server process of the call is idle. The connection was lost, and the call fails.
 * - The server process of the call is working. The call goes on waiting.
 */
export class Watch {
  readonly #url: string;
  readonly #applicationName: string;
  readonly #waiting = new Set<Waiting>();
  #cancel: (() => void) | null = null;
  #polledAtMs = 0;
  #isPolling = false;
  #isSilent = false;
  #closed = false;

  constructor(url: string, applicationName: string) {
    this.#url = url;
    this.#applicationName = applicationName;
  }

  /** True: the server did not answer the last poll. */
  get isSilent(): boolean {
    return this.#isSilent;
  }

  /**
   * Returns the answer, or rejects with `storage_unavailable` when no answer can be expected any more. The caller must
   * then close the connection.
   */
  during<T>(pid: number | null, answer: Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const waiting: Waiting = { pid, sinceMs: performance.now(), idleSinceMs: null, giveUp: reject };
      this.#waiting.add(waiting);
      answer.then(resolve, reject).finally(() => this.#waiting.delete(waiting));
      this.#schedule();
    });
  }

  close(): void {
    this.#closed = true;
    this.#cancel?.();
  }

  #schedule(): void {
    if (this.#cancel !== null || this.#closed) return;
    const requestedAtMs = performance.now();
    const waitMs = this.#isSilent ? postgresLimits.silentRetryMs : postgresLimits.watchMs;
    this.#cancel = systemTimers.after(waitMs, () => {
      this.#cancel = null;
      // When this check is late, the process itself was suspended. Data that arrived meanwhile is read first.
      const nowMs = performance.now();
      if (nowMs - requestedAtMs > waitMs + postgresLimits.watchMs)
        for (const each of this.#waiting) each.sinceMs = nowMs;
      this.#check(nowMs);
      if (this.#waiting.size > 0 || this.#isSilent) this.#schedule();
    });
  }

  #check(nowMs: number): void {
    const { answerMsMax, watchMs } = postgresLimits;
    const late: Waiting[] = [];
    for (const each of this.#waiting) {
      if (nowMs - each.sinceMs < answerMsMax) continue;
      if (this.#isSilent) each.giveUp(silence(nowMs - each.sinceMs));
      // One idle report is not enough, because the answer may have been on its way at that time.
      else if (each.idleSinceMs !== null && nowMs - each.idleSinceMs >= watchMs)
        each.giveUp(lost(nowMs - each.sinceMs));
      else late.push(each);
    }
    const isDue = this.#isSilent || (late.length > 0 && nowMs - this.#polledAtMs >= answerMsMax);
    if (!this.#isPolling && isDue) void this.#pollFor(late);
  }

  async #pollFor(late: readonly Waiting[]): Promise<void> {
    this.#isPolling = true;
    this.#polledAtMs = performance.now();
    try {
      const pids = late.flatMap(({ pid }) => (pid === null ? [] : [pid]));
      const working = await this.#within(postgresLimits.probeMsMax, this.#poll(pids));
      this.#isSilent = false;
      for (const each of late) {
        if (each.pid !== null && !working.has(each.pid)) each.idleSinceMs = performance.now();
      }
    } catch (error) {
      // A server that refuses the connection has answered, too.
      this.#isSilent = sqlState(error) === null;
    } finally {
      this.#isPolling = false;
    }
    if (!this.#isSilent || this.#closed) return;
    const nowMs = performance.now();
    for (const each of late) each.giveUp(silence(nowMs - each.sinceMs));
    this.#schedule();
  }

  /**
   * Returns which of these server processes are working on a statement. A process whose state the server does not
   * report counts as working. The connection for this poll is always closed at the end.
   */
  async #poll(pids: readonly number[]): Promise<ReadonlySet<number>> {
    const { probeMsMax } = postgresLimits;
    const timeouts = { connectionTimeoutMillis: probeMsMax, query_timeout: probeMsMax };
    const client = newClient(this.#url, this.#applicationName, timeouts);
    try {
      await client.connect();
      const { rows } = await client.query<{ pid: number }>(
        "SELECT pid FROM pg_stat_activity WHERE pid = ANY ($1) AND (state IS NULL OR state NOT LIKE 'idle%')",
        [pids],
      );
      return new Set(rows.map(({ pid }) => pid));
    } finally {
      client.end().catch(() => {});
    }
  }

  async #within<T>(msMax: number, answer: Promise<T>): Promise<T> {
    const { promise: end, reject } = Promise.withResolvers<never>();
    // Data that has arrived by then is read before the poll fails.
    const cancel = systemTimers.after(msMax, () => systemTimers.soon(() => reject(new Error("It says nothing."))));
    try {
      return await Promise.race([answer, end]);
    } finally {
      cancel();
    }
  }
}

function silence(ms: number): RingbackError {
  return new RingbackError("storage_unavailable", `The database has said nothing for ${Math.round(ms)} ms.`);
}

function lost(ms: number): RingbackError {
  return new RingbackError(
    "storage_unavailable",
    `A connection to the database was lost without a word; nothing has come over it for ${Math.round(ms)} ms.`,
  );
}
