import type { Logger } from "pino";
import type { Timers } from "../domain/ports.ts";
import { engineLimits } from "../engine/engine-limits.ts";

/**
 * Every kind of line that requests and deliveries can cause in any number. The member `event` of the line has the kind.
 * The guide `operations.md` lists the kinds.
 */
export type LineKind =
  | "attempt.failed"
  | "delivery.dead"
  | "delivery.expired"
  | "subscription.disabled"
  | "subscription.failing"
  | "subscription.recovered"
  | "breaker.opened"
  | "breaker.closed"
  | "backlog.growing"
  | "publish.refused"
  | "request.refused"
  | "request.failed"
  | "request.slow"
  | "connection.refused";

type Level = "error" | "warn" | "info" | "debug";

/** The subject of a line, such as a subscription. Lines of one kind about one source share a limit. */
export interface LineSource {
  /** Distinguishes the source from other sources of the same kind. */
  readonly key: string | number;
  /** The members that name the source. The line with the count of left out lines has these members too. */
  readonly members: Readonly<Record<string, unknown>>;
  /** The account that causes the line; null: none. */
  readonly account: string | null;
}

interface SourceCounts {
  readonly source: LineSource;
  readonly level: Level;
  written: number;
  leftOut: number;
}

/** The lines of one kind in the current window. */
class KindWindow {
  readonly #sources = new Map<string | number, SourceCounts>();
  readonly #perAccount = new Map<string, number>();
  #written = 0;
  /** The number of left out lines about sources that are not counted on their own. */
  othersLeftOut = 0;

  /** Returns true if the line may be written. Otherwise the line is counted as left out. */
  admit(level: Level, source: LineSource): boolean {
    let counts = this.#sources.get(source.key);
    if (counts === undefined) {
      if (this.#sources.size >= engineLimits.logSourcesMax) {
        this.othersLeftOut++;
        return false;
      }
      counts = { source, level, written: 0, leftOut: 0 };
      this.#sources.set(source.key, counts);
    }
    if (counts.written >= engineLimits.logLinesPerSourceMax || !this.#takeLine(source.account)) {
      counts.leftOut++;
      return false;
    }
    counts.written++;
    return true;
  }

  #takeLine(account: string | null): boolean {
    if (this.#written >= engineLimits.logLinesPerKindMax) return false;
    if (account !== null) {
      const ofAccount = this.#perAccount.get(account) ?? 0;
      if (ofAccount >= engineLimits.logLinesPerAccountMax) return false;
      this.#perAccount.set(account, ofAccount + 1);
    }
    this.#written++;
    return true;
  }

  /** The sources of which lines were left out, those with the most first. */
  leftOut(): SourceCounts[] {
    return [...this.#sources.values()]
      .filter(({ leftOut }) => leftOut > 0)
      .sort((one, other) => other.leftOut - one.leftOut);
  }
}

/**
 * Writes the lines that requests and deliveries cause. Of each kind, and of each source of a kind, only the first lines
 * of a window are written. At the end of the window, further lines say how many were left out. So a log can be read,
 * and neither a dead endpoint nor a hostile client fills the disk.
 */
export class LimitedLog {
  readonly #log: Logger;
  readonly #timers: Timers;
  readonly #kinds = new Map<LineKind, KindWindow>();
  #cancelEnd: (() => void) | null = null;

  constructor(log: Logger, timers: Timers) {
    this.#log = log;
    this.#timers = timers;
  }

  /** Whether lines of the level are written. Callers check this before they build a line that is rarely written. */
  isWanted(level: Level): boolean {
    return this.#log.isLevelEnabled(level);
  }

  /** `members`: called only if the line is written. */
  write(level: Level, kind: LineKind, source: LineSource, members: () => object, text: string): void {
    if (!this.#log.isLevelEnabled(level)) return;
    let window = this.#kinds.get(kind);
    if (window === undefined) {
      window = new KindWindow();
      this.#kinds.set(kind, window);
      this.#cancelEnd ??= this.#timers.after(engineLimits.logWindowMs, () => this.#end());
    }
    if (window.admit(level, source)) this.#log[level]({ event: kind, ...source.members, ...members() }, text);
  }

  /** A line without a limit, for `debug`, which an operator switches on to see everything. */
  writeEach(event: string, source: LineSource, members: object, text: string): void {
    this.#log.debug({ event, ...source.members, ...members }, text);
  }

  /** Writes the counts of left out lines, and starts no more timers until the next line. */
  close(): void {
    this.#cancelEnd?.();
    this.#end();
  }

  #end(): void {
    this.#cancelEnd = null;
    const kinds = [...this.#kinds];
    this.#kinds.clear();
    for (const [kind, window] of kinds) this.#writeLeftOut(kind, window);
  }

  #writeLeftOut(kind: LineKind, window: KindWindow): void {
    const of = { event: "lines.left_out", of: kind };
    const text = "lines of this kind were left out, because there were too many";
    const sources = window.leftOut();
    for (const { source, level, leftOut } of sources.slice(0, engineLimits.logLeftOutLinesMax)) {
      this.#log[level]({ ...of, ...source.members, count: leftOut }, text);
    }
    const rest = sources.slice(engineLimits.logLeftOutLinesMax);
    const count = rest.reduce((sum, { leftOut }) => sum + leftOut, window.othersLeftOut);
    if (count > 0) this.#log.warn({ ...of, count }, `${text}; they are about many others`);
  }
}
