import type { SubscriptionId } from "../../domain/model.ts";
import type { Clock, Timers } from "../../domain/ports.ts";
import type { Listeners } from "../listeners.ts";
import type { GroupCommit } from "./group-commit.ts";
import type { ParkRow, UnparkRow } from "./operations/settle.ts";
import { emptyWork, type SettleWork } from "./settle-work.ts";
import type { SubscriptionEntry } from "./subscription-entry.ts";

/** Longest time until a cursor is written that moved only past messages that its filter does not match. */
const CURSOR_WRITE_MS = 1_000;

export interface ClaimWritesOptions {
  readonly commits: GroupCommit;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly ready: Listeners<readonly SubscriptionId[]>;
}

/** Writes that claims cause: deliveries that a claim parks instead of returning them, and cursors that moved. */
export class ClaimWrites {
  readonly #options: ClaimWritesOptions;
  readonly #moved = new Set<SubscriptionEntry>();
  #cancelTimer: (() => void) | null = null;

  constructor(options: ClaimWritesOptions) {
    this.#options = options;
  }

  /** Parks messages of the log. `lost`: positions whose messages the database has lost. */
  parkFromLog(entry: SubscriptionEntry, parked: readonly ParkRow[], lost: readonly UnparkRow[]): void {
    const { commits, clock, ready } = this.#options;
    commits.settle({
      ...emptyWork(),
      settled: new Map([[entry, [...parked, ...lost].map((row) => row.seq)]]),
      parked: [...parked],
      unparked: [...lost],
      done: () => {
        for (const row of parked) entry.parkedDueAt(row.dueAtMs ?? clock.now());
        ready.notify([entry.id]);
      },
    });
  }

  /** Changes rows of the table `parked` that a claim has read and not taken. */
  changeParked(entry: SubscriptionEntry, { parked, unparked }: Pick<SettleWork, "parked" | "unparked">): void {
    const { commits, clock, ready } = this.#options;
    const changing = (entry.changing ??= new Set());
    const seqs = [...parked, ...unparked].map((row) => row.seq);
    for (const seq of seqs) changing.add(seq);
    for (const { orderingKey } of unparked) if (orderingKey !== null) entry.unblockKey(orderingKey);
    entry.parkedCount -= unparked.length;
    commits.settle({
      ...emptyWork(),
      parked,
      unparked,
      done: () => {
        for (const seq of seqs) {
          changing.delete(seq);
          entry.closedWhileReading?.add(seq);
        }
        entry.parkedDueAt(clock.now());
        ready.notify([entry.id]);
      },
    });
  }

  /** Records that the cursor has moved past messages for which nothing else is written. */
  cursorMoved(entry: SubscriptionEntry): void {
    this.#moved.add(entry);
    this.#cancelTimer ??= this.#options.timers.after(CURSOR_WRITE_MS, () => this.writeCursors());
  }

  writeCursors(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    if (this.#moved.size === 0) return;
    const settled = new Map(Array.from(this.#moved, (entry) => [entry, []]));
    this.#moved.clear();
    this.#options.commits.settle({ ...emptyWork(), settled });
  }
}
