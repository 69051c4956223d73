import type { Seq, TimeMs } from "../../domain/model.ts";
import type { Settlement } from "../log.ts";
import { assertStorable } from "../settlement-rule.ts";
import type { DeliveryCounts, ParkRow } from "./operations/settle.ts";
import { parkSlowDeliveries } from "./park-slow.ts";
import { addSettled, emptyWork, rowCount, type SettleWork } from "./settle-work.ts";
import type { StoreContext } from "./store-context.ts";
import type { OpenDelivery, SubscriptionEntry } from "./subscription-entry.ts";

/** One call to `settle`: its rows, and the changes of memory when the rows are durable. */
interface Batch {
  readonly context: StoreContext;
  readonly work: SettleWork;
  readonly afterCommit: (() => void)[];
  /** Undo what memory has taken from the rows that the disk refuses. */
  readonly undo: (() => void)[];
  readonly nowMs: TimeMs;
}

/** A delivery that is being settled. */
interface Settling {
  readonly batch: Batch;
  readonly entry: SubscriptionEntry;
  readonly seq: Seq;
  readonly open: OpenDelivery;
}

/** Turns outcomes of deliveries into rows, and updates memory accordingly. Returns how many outcomes were applied. */
export async function settle(
  context: StoreContext,
  settlements: readonly Settlement[],
  whenRefused: "wait" | "fail" = "wait",
): Promise<number> {
  const { index, commits, clock } = context;
  for (const settlement of settlements) assertStorable(settlement);
  const work = emptyWork();
  const batch: Batch = { context, work, afterCommit: [], undo: [], nowMs: clock.now() };
  let applied = 0;
  for (const settlement of settlements) {
    const entry = index.subscriptions.get(settlement.subscriptionId);
    const seq = settlement.delivery.message.seq;
    const open = entry?.open.get(seq);
    if (entry === undefined || open === undefined || open.settling || open.claim.id !== settlement.claimId) continue;
    applied++;
    apply({ batch, entry, seq, open }, settlement);
  }
  for (const entry of work.settled.keys()) parkSlow(batch, entry);
  if (work.settled.size === 0 && rowCount(work) === 0) return applied;
  return new Promise((resolve, reject) => {
    const done = (): void => {
      for (const after of batch.afterCommit) after();
      resolve(applied);
    };
    const isUrgent = whenRefused === "fail";
    const failed = (error: Error): void => {
      if (isUrgent) undo(batch);
      reject(error);
    };
    commits.settle({ ...work, isUrgent, done, failed });
  });
}

/** The disk has refused the rows, so every delivery is as before its claim, and can be claimed again. */
function undo({ work, undo: steps, context: { ready } }: Batch): void {
  for (const step of steps) step();
  for (const [entry, seqs] of work.settled) entry.cursor.unsettle(seqs);
  ready.notify([...work.settled.keys()].map(({ id }) => id));
}

function apply(settling: Settling, { settled, attempt }: Settlement): void {
  const { batch, entry, seq, open } = settling;
  open.attempt = attempt;
  if (attempt !== null) batch.work.attempts.add(entry.topic.topic.id, seq, entry.id, attempt);
  const attemptsMade = open.attemptsMade + (attempt === null ? 0 : 1);
  switch (settled.kind) {
    case "delivered":
      finish(settling, open.deadLetterId);
      break;
    case "dead":
      batch.work.dead.push({
        accountId: entry.topic.topic.accountId,
        subscriptionId: entry.id,
        message: open.message,
        reason: settled.reason,
        attemptsMade,
        lastStatus: attempt?.status ?? null,
        lastErrorCode: attempt?.errorCode ?? null,
        lastErrorDetail: attempt?.errorDetail ?? null,
        lastReply: attempt?.reply ?? null,
        deadLetterId: open.deadLetterId,
      });
      finish(settling, null);
      break;
    case "parked":
      park(settling, {
        dueAtMs: settled.dueAtMs,
        attemptsMade,
        retriesMade: settled.retriesMade,
        firstAttemptAtMs: open.firstAttemptAtMs ?? settled.firstAttemptAtMs ?? null,
      });
      break;
    case "held":
      park(settling, {
        // A delivery without an ordering key does not wait for another one, so it is due at once.
        dueAtMs: entry.orderingKeyOf(open) === null ? batch.nowMs : null,
        attemptsMade: open.attemptsMade,
        retriesMade: open.retriesMade,
        firstAttemptAtMs: open.firstAttemptAtMs,
      });
      break;
    case "released":
      batch.context.claims.release(entry, open, batch.nowMs);
      ready(batch, entry);
      break;
  }
}

/** Ends the delivery. `deadLetterId`: the dead letter that is removed with the delivery; null: none. */
function finish(settling: Settling, deadLetterId: number | null): void {
  const { batch, entry, seq, open } = settling;
  if (!open.parked) {
    settleInLog(settling);
    return;
  }
  const { orderingKey } = open;
  batch.work.unparked.push({ subscriptionId: entry.id, seq, orderingKey, deadLetterId, expired: false });
  entry.parkedCount--;
  if (orderingKey !== null) entry.unblockKey(orderingKey);
  settleRow(settling, orderingKey === null ? null : batch.nowMs, () => {
    entry.parkedCount++;
    if (open.orderingKey !== null) entry.blockKey(open.orderingKey);
  });
}

function park(settling: Settling, row: DeliveryCounts & Pick<ParkRow, "dueAtMs">): void {
  const { batch, entry, seq, open } = settling;
  const orderingKey = entry.orderingKeyOf(open);
  batch.work.parked.push({ subscriptionId: entry.id, seq, ...row, orderingKey });
  const blocks = orderingKey !== null && (!open.parked || open.orderingKey === null);
  if (blocks) entry.blockKey(orderingKey);
  const unblock = (): void => {
    if (blocks) entry.unblockKey(orderingKey);
  };
  // A null `dueAtMs` says that the delivery waits behind an earlier one of its ordering key. If none is left, the
  // commit makes the delivery due at once.
  const dueAtMs = row.dueAtMs ?? batch.nowMs;
  if (open.parked) settleRow(settling, dueAtMs, unblock);
  else {
    entry.parkedCount++;
    settleInLog(settling);
    batch.afterCommit.push(() => dueAt(batch, entry, dueAtMs));
    batch.undo.push(() => {
      // A rewind has already undone the positions that it has taken out of the work.
      if (batch.work.settled.get(entry)?.includes(seq) !== true) return;
      entry.parkedCount--;
      unblock();
    });
  }
}

/** Settles the position of the delivery in the cursor. */
function settleInLog({ batch, entry, seq, open }: Settling): void {
  entry.cursor.settle(seq);
  entry.removeOpen(seq);
  batch.context.claims.endIfEmpty(open.claim);
  addSettled(batch.work.settled, entry, seq);
  if (entry.order === "strict") ready(batch, entry);
}

/**
 * The delivery stays in `open` until its row is written, so that no claim takes the delivery because of its old row.
 * `refused`: called instead if the disk refuses the row.
 */
function settleRow({ batch, entry, seq, open }: Settling, dueAtMs: TimeMs | null, refused: () => void): void {
  entry.startSettling(open);
  batch.context.claims.endIfEmpty(open.claim);
  batch.afterCommit.push(() => {
    if (entry.open.get(seq) === open) entry.removeOpen(seq);
    if (dueAtMs !== null) dueAt(batch, entry, dueAtMs);
    else if (entry.order === "strict") ready(batch, entry);
  });
  batch.undo.push(() => {
    if (entry.open.get(seq) !== open) return;
    refused();
    entry.removeOpen(seq);
    dueAt(batch, entry, batch.nowMs);
  });
}

function dueAt(batch: Pick<Batch, "context">, entry: SubscriptionEntry, dueAtMs: TimeMs): void {
  entry.parkedDueAt(dueAtMs);
  if (dueAtMs <= batch.context.clock.now()) ready(batch, entry);
}

function ready({ context }: Pick<Batch, "context">, { id }: SubscriptionEntry): void {
  context.ready.notify([id]);
}

/** Separate work, which is kept when the disk refuses it, because the deliveries stay open. */
function parkSlow({ context, nowMs }: Batch, entry: SubscriptionEntry): void {
  const parked = parkSlowDeliveries(entry, nowMs);
  if (parked.length === 0) return;
  const settled = new Map([[entry, parked.map(({ seq }) => seq)]]);
  context.commits.settle({ ...emptyWork(), settled, parked: [...parked], done: () => entry.parkedDueAt(nowMs) });
}
