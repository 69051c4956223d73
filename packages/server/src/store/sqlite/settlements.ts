import type { Seq, SubscriptionId, TimeMs } from "../../domain/model.ts";
import type { Settlement } from "../log.ts";
import { assertStorable } from "../settlement-rule.ts";
import type { DeadRow, ParkRow, UnparkRow } from "./operations/settle.ts";
import { parkSlowDeliveries } from "./park-slow.ts";
import { AttemptList } from "./settle-columns.ts";
import { emptyWork, type SettleWork } from "./settle-work.ts";
import type { StoreContext } from "./store-context.ts";
import type { OpenDelivery, SubscriptionEntry } from "./subscription-entry.ts";

/** A delivery that is being settled. */
interface Settling {
  readonly batch: Batch;
  readonly entry: SubscriptionEntry;
  readonly seq: Seq;
  readonly open: OpenDelivery;
}

/** Turns outcomes of deliveries into rows, and keeps memory in step with them. */
export class Settlements {
  readonly #context: StoreContext;

  constructor(context: StoreContext) {
    this.#context = context;
  }

  async settle(settlements: readonly Settlement[]): Promise<number> {
    const { index, commits, clock } = this.#context;
    for (const settlement of settlements) assertStorable(settlement);
    const batch = new Batch(clock.now());
    let applied = 0;
    for (const settlement of settlements) {
      const entry = index.subscriptions.get(settlement.subscriptionId);
      const seq = settlement.delivery.message.seq;
      const open = entry?.open.get(seq);
      if (entry === undefined || open === undefined || open.settling || open.claim.id !== settlement.claimId) continue;
      applied++;
      this.#apply({ batch, entry, seq, open }, settlement);
    }
    const isUrgent = settlements.some(isPulled);
    for (const entry of batch.entries) parkSlow(batch, entry);
    if (batch.isEmpty) return applied;
    return new Promise((resolve, reject) => {
      const done = (): void => {
        for (const after of batch.afterCommit) after();
        resolve(applied);
      };
      commits.settle(batch.work(done, reject, isUrgent));
    });
  }

  #apply(settling: Settling, { settled, attempt }: Settlement): void {
    const { batch, entry, seq, open } = settling;
    if (attempt !== null) batch.attempts.add(entry.topic.topic.id, seq, entry.id, attempt);
    const attempts = open.attemptsMade + (attempt === null ? 0 : 1);
    switch (settled.kind) {
      case "delivered":
        this.#finish(settling, open.deadLetterId);
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
        this.#finish(settling, null);
        break;
      case "parked":
        this.#park(settling, {
          dueAtMs: settled.dueAtMs,
          attempts,
          retries: settled.retriesMade,
          firstAttemptAtMs: open.firstAttemptAtMs ?? attempt?.startedAtMs ?? settled.firstAttemptAtMs ?? null,
        });
        break;
      case "held":
        this.#park(settling, {
          // Without a key there is nothing that a held delivery could wait for.
          dueAtMs: entry.orderingKeyOf(open.message) === null ? batch.nowMs : null,
          attempts: open.attemptsMade,
          retries: open.retriesMade,
          firstAttemptAtMs: open.firstAttemptAtMs,
        });
        break;
      case "released":
        this.#context.claims.release(entry, open, batch.nowMs);
        this.#ready(entry.id);
        break;
    }
  }

  /** The delivery is over. `deadLetterId`: the dead letter that goes with it. */
  #finish(settling: Settling, deadLetterId: number | null): void {
    const { batch, entry, seq, open } = settling;
    if (!open.parked) {
      this.#settleInLog(settling);
      return;
    }
    const { orderingKey } = open;
    batch.unparked.push({ subscriptionId: entry.id, seq, orderingKey, deadLetterId, expired: false });
    entry.parkedCount--;
    if (orderingKey !== null) entry.unblockKey(orderingKey);
    this.#settleRow(settling, orderingKey === null ? null : batch.nowMs);
  }

  #park(settling: Settling, row: Pick<ParkRow, "dueAtMs" | "attempts" | "retries" | "firstAttemptAtMs">): void {
    const { batch, entry, seq, open } = settling;
    const orderingKey = entry.orderingKeyOf(open.message);
    batch.parked.push({ subscriptionId: entry.id, seq, ...row, orderingKey });
    if (orderingKey !== null && (!open.parked || open.orderingKey === null)) entry.blockKey(orderingKey);
    // A held delivery may turn out to be the first of its key.
    const dueAtMs = row.dueAtMs ?? batch.nowMs;
    if (open.parked) this.#settleRow(settling, dueAtMs);
    else {
      entry.parkedCount++;
      this.#settleInLog(settling);
      batch.afterCommit.push(() => this.#dueAt(entry, dueAtMs));
    }
  }

  /** The cursor passes the delivery. */
  #settleInLog({ batch, entry, seq, open }: Settling): void {
    entry.cursor.settle(seq);
    entry.removeOpen(seq);
    this.#context.claims.endIfEmpty(open.claim);
    batch.entries.add(entry);
    if (entry.order === "strict") this.#ready(entry.id);
  }

  /** The delivery stays in `open` until its row is written, so that no claim takes it by the old row. */
  #settleRow({ batch, entry, seq, open }: Settling, dueAtMs: TimeMs | null): void {
    entry.startSettling(open);
    this.#context.claims.endIfEmpty(open.claim);
    batch.afterCommit.push(() => {
      if (entry.open.get(seq) === open) entry.removeOpen(seq);
      if (dueAtMs !== null) this.#dueAt(entry, dueAtMs);
      else if (entry.order === "strict") this.#ready(entry.id);
    });
  }

  #dueAt(entry: SubscriptionEntry, dueAtMs: TimeMs): void {
    entry.parkedDueAt(dueAtMs);
    if (dueAtMs <= this.#context.clock.now()) this.#ready(entry.id);
  }

  #ready(id: SubscriptionId): void {
    this.#context.ready.notify([id]);
  }
}

function parkSlow(batch: Batch, entry: SubscriptionEntry): void {
  const rows = parkSlowDeliveries(entry, batch.nowMs);
  if (rows.length === 0) return;
  batch.parked.push(...rows);
  batch.afterCommit.push(() => entry.parkedDueAt(batch.nowMs));
}

/** The receiver gets the message when the settlement is written. */
function isPulled({ settled }: Settlement): boolean {
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
