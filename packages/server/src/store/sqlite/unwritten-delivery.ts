import type { Attempt, Seq, SubscriptionId } from "../../domain/model.ts";
import type { DeliveryRows } from "./operations/records.ts";
import type { SettleWork } from "./settle-work.ts";
import type { OpenDelivery } from "./subscription-entry.ts";

export interface ShownRows extends DeliveryRows {
  readonly isOpen: boolean;
}

/** A delivery, as it was in memory before its rows were read. */
interface ReadDelivery {
  readonly id: SubscriptionId;
  readonly seq: Seq;
  readonly open: OpenDelivery | null;
}

/**
 * Returns the rows of one delivery. A delivery is open until its outcome is written, because a crash before undoes the
 * outcome: the delivery would be shown as delivered, and would then be sent again. The attempt of an open delivery is
 * left out, even if its row has been written after memory was read. A delivery that is parked without an attempt is
 * shown as parked at once. Otherwise it would be shown in a wrong state for as long as the disk is slow or full.
 */
export function withUnwritten(
  rows: DeliveryRows,
  works: readonly SettleWork[],
  { id, seq, open }: ReadDelivery,
): ShownRows {
  let { parked } = rows;
  let isOpen = open !== null;
  const newest = open?.attempt ? [open.attempt] : [];
  for (const work of works) {
    for (const attempt of work.attempts.of(id, seq)) {
      newest.push(attempt);
      isOpen = true;
    }
    // A commit writes in this order.
    for (const row of work.dead) {
      if (row.subscriptionId === id && row.message.seq === seq) isOpen = true;
    }
    for (const row of work.parked) {
      if (row.subscriptionId === id && row.seq === seq) parked = { dueAtMs: row.dueAtMs };
    }
    for (const row of work.unparked) {
      if (row.subscriptionId === id && row.seq === seq) parked = null;
    }
  }
  const attempts = rows.attempts.filter((attempt) => !newest.some((other) => isSame(attempt, other)));
  return { parked, dead: rows.dead, attempts, isOpen };
}

/** The positions of the subscription's messages with rows that are not written yet. */
export function unwrittenSeqs(works: readonly SettleWork[], id: SubscriptionId): ReadonlySet<Seq> {
  const seqs = new Set<Seq>();
  for (const { attempts, dead, parked, unparked } of works) {
    for (const seq of attempts.seqsOf(id)) seqs.add(seq);
    for (const row of dead) if (row.subscriptionId === id) seqs.add(row.message.seq);
    for (const row of [...parked, ...unparked]) if (row.subscriptionId === id) seqs.add(row.seq);
  }
  return seqs;
}

function isSame(one: Attempt, other: Attempt): boolean {
  const { attempt, startedAtMs, verdict } = other;
  return one.attempt === attempt && one.startedAtMs === startedAtMs && one.verdict === verdict;
}
