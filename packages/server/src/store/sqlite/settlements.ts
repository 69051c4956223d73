import type { Clock } from "../../domain/ports.ts";
import type { Seq, TimeMs } from "../../domain/model.ts";
import type { Settlement } from "../port.ts";
import type { Catalog, OpenDelivery, SubscriptionEntry } from "./catalog.ts";
import type { Claims } from "./claims.ts";
import type { GroupCommit, SettleWork } from "./group-commit.ts";
import type { DeadRow, ParkRow, UnparkRow } from "./operations/settle.ts";
import { AttemptList } from "./settle-columns.ts";

/**
 * How far a cursor may run ahead of its slowest open delivery. Past it the slow one gets a row of its own, so that the
 * bits beyond the cursor stay few.
 */
const AHEAD_MAX = 2_048;

/** Turns what became of deliveries into rows, and keeps memory in step with them. */
export class Settlements {
  readonly #catalog: Catalog;
  readonly #claims: Claims;
  readonly #commits: GroupCommit;
  readonly #clock: Clock;
  readonly #ready: (entry: SubscriptionEntry) => void;

  constructor(options: {
    catalog: Catalog;
    claims: Claims;
    commits: GroupCommit;
    clock: Clock;
    ready: (entry: SubscriptionEntry) => void;
  }) {
    this.#catalog = options.catalog;
    this.#claims = options.claims;
    this.#commits = options.commits;
    this.#clock = options.clock;
    this.#ready = options.ready;
  }

  settle(settlements: readonly Settlement[]): Promise<number> {
    const batch = new Batch(this.#clock.now());
    let applied = 0;
    for (const settlement of settlements) {
      const entry = this.#catalog.subscriptions.get(settlement.subscriptionId);
      const seq = settlement.delivery.message.seq;
      const open = entry?.open.get(seq);
      if (entry === undefined || open === undefined || open.claim.id !== settlement.claimId) continue;
      applied++;
      this.#apply(batch, entry, seq, open, settlement);
    }
    for (const entry of batch.entries) this.#spill(batch, entry);
    if (batch.isEmpty) return Promise.resolve(applied);
    return new Promise((resolve) => {
      this.#commits.settle(
        batch.work(() => {
          for (const after of batch.afterCommit) after();
          resolve(applied);
        }),
      );
    });
  }

  #apply(batch: Batch, entry: SubscriptionEntry, seq: Seq, open: OpenDelivery, settlement: Settlement): void {
    const { settled, attempt } = settlement;
    if (attempt !== null) batch.attempts.add(entry.topic.topic.id, seq, entry.id, attempt);
    const attempts = open.attemptsMade + (attempt === null ? 0 : 1);
    switch (settled.kind) {
      case "delivered":
        this.#finish(batch, entry, seq, open, open.deadLetterId);
        break;
      case "dead":
        batch.dead.push({
          accountId: entry.topic.topic.accountId,
          subscriptionId: entry.id,
          message: open.message,
          reason: settled.reason,
          attempts,
          lastStatus: attempt?.status ?? null,
          lastErrorCode: attempt?.errorCode ?? null,
          lastReply: attempt?.reply ?? null,
          deadLetterId: open.deadLetterId,
        });
        this.#finish(batch, entry, seq, open, null);
        break;
      case "parked":
        this.#park(batch, entry, seq, open, {
          dueAtMs: settled.dueAtMs,
          attempts,
          retries: settled.retriesMade,
          firstAttemptAtMs: open.firstAttemptAtMs ?? attempt?.startedAtMs ?? null,
        });
        break;
      case "held":
        this.#park(batch, entry, seq, open, {
          dueAtMs: null,
          attempts: open.attemptsMade,
          retries: open.retriesMade,
          firstAttemptAtMs: open.firstAttemptAtMs,
        });
        break;
      case "released":
        entry.letGo(seq);
        this.#claims.left(open.claim);
        if (open.parked) entry.parkedDueAt(batch.nowMs);
        else entry.cursor.rewind(seq);
        this.#ready(entry);
        break;
    }
  }

  /** The delivery is over. */
  #finish(batch: Batch, entry: SubscriptionEntry, seq: Seq, open: OpenDelivery, deadLetterId: number | null): void {
    if (!open.parked) {
      entry.cursor.settle(seq);
      this.#letGo(entry, seq, open);
      batch.entries.add(entry);
      return;
    }
    batch.unparked.push({ subscriptionId: entry.id, seq, orderingKey: open.orderingKey, deadLetterId, expired: false });
    entry.parkedCount--;
    if (open.orderingKey !== null) entry.unblockKey(open.orderingKey);
    // Open until the row is gone, so that no claim reads it meanwhile.
    batch.afterCommit.push(() => {
      this.#letGo(entry, seq, open);
      if (open.orderingKey === null) return;
      entry.parkedDueAt(batch.nowMs);
      this.#ready(entry);
    });
  }

  #park(
    batch: Batch,
    entry: SubscriptionEntry,
    seq: Seq,
    open: OpenDelivery,
    row: Pick<ParkRow, "dueAtMs" | "attempts" | "retries" | "firstAttemptAtMs">,
  ): void {
    const orderingKey = entry.orderingKeyOf(open.message);
    batch.parked.push({ subscriptionId: entry.id, seq, ...row, orderingKey });
    if (orderingKey !== null && (!open.parked || open.orderingKey === null)) entry.blockKey(orderingKey);
    if (!open.parked) {
      entry.parkedCount++;
      entry.cursor.settle(seq);
      this.#letGo(entry, seq, open);
      batch.entries.add(entry);
    }
    batch.afterCommit.push(() => {
      if (open.parked) this.#letGo(entry, seq, open);
      if (row.dueAtMs !== null) entry.parkedDueAt(row.dueAtMs);
    });
  }

  #letGo(entry: SubscriptionEntry, seq: Seq, open: OpenDelivery): void {
    if (entry.open.get(seq) !== open) return;
    entry.letGo(seq);
    this.#claims.left(open.claim);
  }

  #spill(batch: Batch, entry: SubscriptionEntry): void {
    const { cursor } = entry;
    while (cursor.scannedThrough - cursor.settledThrough > AHEAD_MAX) {
      const seq = cursor.settledThrough + 1;
      const open = entry.open.get(seq);
      if (open === undefined || open.parked) return;
      open.parked = true;
      entry.parkedCount++;
      // Due at once: should the process end now, this delivery is unfinished.
      batch.parked.push({
        subscriptionId: entry.id,
        seq,
        dueAtMs: batch.nowMs,
        attempts: open.attemptsMade,
        retries: open.retriesMade,
        firstAttemptAtMs: open.firstAttemptAtMs,
        orderingKey: null,
      });
      cursor.settle(seq);
    }
  }
}

/** The rows of one call, and what memory does when they are durable. */
class Batch {
  readonly nowMs: TimeMs;
  readonly entries = new Set<SubscriptionEntry>();
  readonly dead: DeadRow[] = [];
  readonly unparked: UnparkRow[] = [];
  readonly parked: ParkRow[] = [];
  readonly afterCommit: (() => void)[] = [];
  readonly attempts = new AttemptList();

  constructor(nowMs: TimeMs) {
    this.nowMs = nowMs;
  }

  get isEmpty(): boolean {
    return (
      this.entries.size === 0 &&
      this.attempts.count === 0 &&
      this.dead.length === 0 &&
      this.unparked.length === 0 &&
      this.parked.length === 0
    );
  }

  work(done: () => void): SettleWork {
    const { attempts, entries, dead, unparked, parked } = this;
    return { attempts, entries, dead, unparked, parked, done };
  }
}
