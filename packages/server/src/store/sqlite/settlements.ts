import type { Clock } from "../../domain/ports.ts";
import type { Seq, TimeMs } from "../../domain/model.ts";
import type { Settlement } from "../log.ts";
import type { Catalog, OpenDelivery, SubscriptionEntry } from "./catalog.ts";
import type { Claims } from "./claims.ts";
import type { GroupCommit } from "./group-commit.ts";
import type { DeadRow, ParkRow, UnparkRow } from "./operations/settle.ts";
import { AttemptList } from "./settle-columns.ts";
import { emptyWork, type SettleWork } from "./settle-work.ts";
import { assertStorable } from "../settlement-rule.ts";
import { parkSlowDeliveries } from "./park-slow.ts";

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

  async settle(settlements: readonly Settlement[]): Promise<number> {
    for (const settlement of settlements) assertStorable(settlement);
    const batch = new Batch(this.#clock.now());
    let applied = 0;
    for (const settlement of settlements) {
      const entry = this.#catalog.subscriptions.get(settlement.subscriptionId);
      const seq = settlement.delivery.message.seq;
      const open = entry?.open.get(seq);
      if (entry === undefined || open === undefined || open.settling || open.claim.id !== settlement.claimId) continue;
      applied++;
      this.#apply(batch, entry, seq, open, settlement);
    }
    const isUrgent = settlements.some(isHandedOut);
    for (const entry of batch.entries) this.#spill(batch, entry);
    if (batch.isEmpty) return applied;
    return new Promise((resolve, reject) => {
      this.#commits.settle(
        batch.work(
          () => {
            for (const after of batch.afterCommit) after();
            resolve(applied);
          },
          reject,
          isUrgent,
        ),
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
          firstAttemptAtMs: open.firstAttemptAtMs ?? attempt?.startedAtMs ?? settled.firstAttemptAtMs ?? null,
        });
        break;
      case "held":
        this.#park(batch, entry, seq, open, {
          // Without a key there is nothing that it could wait for.
          dueAtMs: entry.orderingKeyOf(open.message) === null ? batch.nowMs : null,
          attempts: open.attemptsMade,
          retries: open.retriesMade,
          firstAttemptAtMs: open.firstAttemptAtMs,
        });
        break;
      case "released":
        this.#claims.giveBack(entry, open, batch.nowMs);
        this.#ready(entry);
        break;
    }
  }

  /** The delivery is over. */
  #finish(batch: Batch, entry: SubscriptionEntry, seq: Seq, open: OpenDelivery, deadLetterId: number | null): void {
    if (!open.parked) {
      this.#settleInLog(batch, entry, seq, open);
      return;
    }
    const { orderingKey } = open;
    batch.unparked.push({ subscriptionId: entry.id, seq, orderingKey, deadLetterId, expired: false });
    entry.parkedCount--;
    if (orderingKey !== null) entry.unblockKey(orderingKey);
    this.#settleRow(batch, entry, seq, open, orderingKey === null ? null : batch.nowMs);
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
    // A held one may turn out to be the first of its key.
    const dueAtMs = row.dueAtMs ?? batch.nowMs;
    if (open.parked) this.#settleRow(batch, entry, seq, open, dueAtMs);
    else {
      entry.parkedCount++;
      this.#settleInLog(batch, entry, seq, open);
      batch.afterCommit.push(() => this.#dueAt(entry, dueAtMs));
    }
  }

  #settleInLog(batch: Batch, entry: SubscriptionEntry, seq: Seq, open: OpenDelivery): void {
    entry.cursor.settle(seq);
    entry.letGo(seq);
    this.#claims.left(open.claim);
    batch.entries.add(entry);
    if (entry.order === "strict") this.#ready(entry);
  }

  /** It stays among the open ones until its row says what became of it, so that no claim reads it as it was. */
  #settleRow(batch: Batch, entry: SubscriptionEntry, seq: Seq, open: OpenDelivery, dueAtMs: TimeMs | null): void {
    entry.startSettling(open);
    this.#claims.left(open.claim);
    batch.afterCommit.push(() => {
      if (entry.open.get(seq) === open) entry.letGo(seq);
      if (dueAtMs !== null) this.#dueAt(entry, dueAtMs);
      else if (entry.order === "strict") this.#ready(entry);
    });
  }

  #dueAt(entry: SubscriptionEntry, dueAtMs: TimeMs): void {
    entry.parkedDueAt(dueAtMs);
    if (dueAtMs <= this.#clock.now()) this.#ready(entry);
  }

  #spill(batch: Batch, entry: SubscriptionEntry): void {
    const rows = parkSlowDeliveries(entry, batch.nowMs);
    if (rows.length === 0) return;
    batch.parked.push(...rows);
    batch.afterCommit.push(() => entry.parkedDueAt(batch.nowMs));
  }
}

/** Its receiver gets it once this is written. */
function isHandedOut({ settled }: Settlement): boolean {
  return settled.kind === "parked" && settled.firstAttemptAtMs !== undefined;
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

  work(done: () => void, failed: (error: Error) => void, isUrgent: boolean): SettleWork {
    const { attempts, entries, dead, unparked, parked } = this;
    return { ...emptyWork(), attempts, entries, dead, unparked, parked, isUrgent, done, failed };
  }
}
