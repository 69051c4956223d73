import type { Message, Seq, SubscriptionId, TimeMs } from "../../domain/model.ts";
import type { SubscriptionEntry } from "./catalog.ts";
import { openDelivery, type ClaimInProgress } from "./log-scan.ts";
import type { DueDelivery } from "./operations/look.ts";
import type { ParkRow, UnparkRow } from "./operations/settle.ts";
import type { ReadJobs } from "./read-thread.ts";
import type { ThreadLink } from "./thread-link.ts";

/** What a claim changes about rows that it read and did not take. */
export type ChangeRows = (
  entry: SubscriptionEntry,
  rows: { readonly parked: readonly ParkRow[]; readonly unparked: readonly UnparkRow[] },
) => void;

type Due = DueDelivery & { readonly message: Message };

/** Takes parked deliveries whose time has come. */
export class ParkedScan {
  readonly #reader: ThreadLink<ReadJobs>;
  readonly #change: ChangeRows;

  constructor(options: { reader: ThreadLink<ReadJobs>; change: ChangeRows }) {
    this.#reader = options.reader;
    this.#change = options.change;
  }

  isDue(entry: SubscriptionEntry, nowMs: TimeMs): boolean {
    const due = entry.nextParkedDueAtMs;
    return entry.parkedCount > 0 && due !== null && due <= nowMs && !(entry.order === "strict" && entry.openCount > 0);
  }

  /** True: others may be due as well. */
  async take(claim: ClaimInProgress): Promise<boolean> {
    const { entry, want, nowMs } = claim;
    if (!this.isDue(entry, nowMs)) return false;
    const dueAtMs = entry.nextParkedDueAtMs ?? nowMs;
    // What becomes due while the reading is under way sets it again.
    entry.nextParkedDueAtMs = null;
    entry.leftWhileReading = new Set();
    try {
      const found = await this.#reader.call("readDue", {
        topicId: entry.topic.topic.id,
        subscriptionId: entry.id,
        nowMs,
        deliveriesMax: entry.order === "strict" ? 1 : want.deliveriesMax,
        bytesMax: want.bytesMax,
        skip: rowsNotToRead(entry),
      });
      if (entry.removed) return false;
      const next = found.more ? nowMs : found.nextDueAtMs;
      if (next !== null) entry.parkedDueAt(next);
      this.#takeFound(claim, found.due);
      return found.more;
    } catch (error) {
      entry.parkedDueAt(dueAtMs);
      throw error;
    } finally {
      entry.leftWhileReading = null;
    }
  }

  #takeFound(claim: ClaimInProgress, found: readonly DueDelivery[]): void {
    const { entry, state } = claim;
    const held: ParkRow[] = [];
    const lost: UnparkRow[] = [];
    for (const row of found) {
      if (entry.open.has(row.seq) || entry.leftWhileReading?.has(row.seq) === true) continue;
      if (entry.isPassedOver(row.seq)) continue;
      if (!hasMessage(row)) {
        lost.push(lostRow(entry.id, row));
        continue;
      }
      const orderingKey = row.orderingKey === null ? entry.orderingKeyOf(row.message) : null;
      if (orderingKey !== null && entry.isBlocked(orderingKey)) {
        held.push(heldRow(entry.id, row, orderingKey));
        entry.blockKey(orderingKey);
        continue;
      }
      claim.deliveries.push(openDelivery(entry, state, { ...row, parked: true }));
      claim.bytes += row.message.body.byteLength;
    }
    if (held.length + lost.length > 0) this.#change(entry, { parked: held, unparked: lost });
  }
}

/** It was delayed, or had been given up, and now takes its place among the others of its key. */
function heldRow(subscriptionId: SubscriptionId, row: DueDelivery, orderingKey: string): ParkRow {
  const { seq, attempts, retries, firstAttemptAtMs } = row;
  return { subscriptionId, seq, dueAtMs: null, attempts, retries, firstAttemptAtMs, orderingKey };
}

/** Nothing has its message any more: a damaged database. It must not wait for ever, nor go without a trace. */
function lostRow(subscriptionId: SubscriptionId, { seq, orderingKey, deadLetterId }: DueDelivery): UnparkRow {
  return { subscriptionId, seq, orderingKey, deadLetterId, expired: true };
}

function hasMessage(row: DueDelivery): row is Due {
  return row.message !== null;
}

/** Open, or about to be changed. */
function rowsNotToRead(entry: SubscriptionEntry): Seq[] {
  const seqs = [...(entry.holding ?? []), ...entry.answeringNow()];
  for (const [seq, { parked }] of entry.open) if (parked) seqs.push(seq);
  return seqs;
}
