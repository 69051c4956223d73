import type { Message, Seq, TimeMs } from "../../domain/model.ts";
import type { ClaimedDelivery, ClaimWant } from "../log.ts";
import type { ClaimState, SubscriptionEntry } from "./catalog.ts";
import type { MessageCache } from "./message-cache.ts";
import type { DueDelivery } from "./operations/look.ts";
import type { ParkRow, UnparkRow } from "./operations/settle.ts";
import type { ReadJobs } from "./read-thread.ts";
import { parkSlowDeliveries } from "./park-slow.ts";
import type { ThreadLink } from "./thread-link.ts";

/** Positions that one claim looks at, matching or not, so that a filter that matches nothing cannot hold the loop. */
const SCAN_MAX = 1_000;
/** One read of a backlog. */
const READ_MESSAGES_MIN = 32;
const READ_MESSAGES_MAX = 256;
const READ_BYTES_MAX = 4 * 1024 * 1024;

/** A claim while it is being put together. */
export interface ClaimInProgress {
  readonly entry: SubscriptionEntry;
  readonly want: ClaimWant;
  readonly state: ClaimState;
  readonly nowMs: TimeMs;
  readonly deliveries: ClaimedDelivery[];
  /** Of the messages in it. */
  bytes: number;
}

/** Rows that a claim parks on its way: messages whose time has not come, or whose key is held back. */
export type ParkOnClaim = (entry: SubscriptionEntry, parked: readonly ParkRow[], lost: readonly UnparkRow[]) => void;

/** Walks the log of a subscription from where its last claim stopped. */
export class LogScan {
  readonly #cache: MessageCache;
  readonly #reader: ThreadLink<ReadJobs>;
  readonly #park: ParkOnClaim;
  /** Positions were passed over without a delivery: the cursor wants writing at some time. */
  readonly #moved: (entry: SubscriptionEntry) => void;

  constructor(options: {
    cache: MessageCache;
    reader: ThreadLink<ReadJobs>;
    park: ParkOnClaim;
    moved: (entry: SubscriptionEntry) => void;
  }) {
    this.#cache = options.cache;
    this.#reader = options.reader;
    this.#park = options.park;
    this.#moved = options.moved;
  }

  /** Taking what this claim wants of the log needs no reading. */
  isAtHand(claim: ClaimInProgress): boolean {
    const { entry } = claim;
    return !wantsMore(claim) || !entry.hasUnread || this.#isCached(entry);
  }

  takeCached(claim: ClaimInProgress): void {
    const topicId = claim.entry.topic.topic.id;
    this.#walk(claim, (seq) => this.#cache.get(topicId, seq));
  }

  async take(claim: ClaimInProgress): Promise<void> {
    const { entry, want } = claim;
    if (entry.removed || !wantsMore(claim) || !entry.hasUnread) return;
    if (this.#isCached(entry)) {
      this.takeCached(claim);
      return;
    }
    const fromSeq = entry.cursor.scannedThrough + 1;
    const throughSeq = entry.topic.lastSeq;
    const messages = await this.#reader.call("readLog", {
      topicId: entry.topic.topic.id,
      fromSeq,
      throughSeq,
      messagesMax: Math.min(READ_MESSAGES_MAX, Math.max(want.deliveriesMax, READ_MESSAGES_MIN)),
      bytesMax: Math.min(READ_BYTES_MAX, want.bytesMax),
    });
    if (entry.removed) return;
    const bySeq = new Map(messages.map((message) => [message.seq, message]));
    const lastSeq = messages.at(-1)?.seq ?? throughSeq;
    // A delivery that came back meanwhile may have moved the cursor back to before what was read.
    this.#walk(claim, (seq) => bySeq.get(seq) ?? (seq >= fromSeq && seq <= lastSeq ? "lost" : undefined));
  }

  #isCached({ topic, cursor }: SubscriptionEntry): boolean {
    return this.#cache.get(topic.topic.id, cursor.scannedThrough + 1) !== undefined;
  }

  /**
   * Stops at the first message that is not at hand. One that is lost, because the database is damaged, is counted as
   * expired: it must not hold up the others, nor go without a trace.
   */
  #walk(claim: ClaimInProgress, messageAt: (seq: Seq) => Message | "lost" | undefined): void {
    const { entry, state, nowMs } = claim;
    const { cursor, topic } = entry;
    const parked: ParkRow[] = [];
    const lost: UnparkRow[] = [];
    let passed = false;
    for (let looked = 0; looked < SCAN_MAX && wantsMore(claim); looked++) {
      const seq = cursor.scannedThrough + 1;
      if (seq > topic.lastSeq) break;
      if (cursor.isDone(seq) || entry.open.has(seq)) {
        cursor.scannedThrough = seq;
        continue;
      }
      const message = messageAt(seq);
      if (message === undefined) break;
      cursor.scannedThrough = seq;
      if (message === "lost") {
        cursor.settle(seq);
        lost.push({ subscriptionId: entry.id, seq, orderingKey: null, deadLetterId: null, expired: true });
        continue;
      }
      const orderingKey = entry.orderingKeyOf(message);
      if (!entry.matches(message)) {
        cursor.settle(seq);
        passed = true;
      } else if (message.deliverAtMs !== null && message.deliverAtMs > nowMs) {
        parked.push(parkRow(entry, seq, message.deliverAtMs, null));
        cursor.settle(seq);
      } else if (orderingKey !== null && entry.isBlocked(orderingKey)) {
        parked.push(parkRow(entry, seq, null, orderingKey));
        entry.blockKey(orderingKey);
        cursor.settle(seq);
      } else {
        claim.deliveries.push(openDelivery(entry, state, { ...fresh, seq, message, parked: false }));
        claim.bytes += message.body.byteLength;
      }
    }
    entry.parkedCount += parked.length;
    parked.push(...parkSlowDeliveries(entry, nowMs));
    if (parked.length + lost.length > 0) this.#park(entry, parked, lost);
    else if (passed) this.#moved(entry);
  }
}

const fresh = { attempts: 0, retries: 0, firstAttemptAtMs: null, orderingKey: null, deadLetterId: null };

function wantsMore({ entry, want, deliveries, bytes }: ClaimInProgress): boolean {
  return want.fromLog && deliveries.length < want.deliveriesMax && bytes < want.bytesMax && !isHeldAltogether(entry);
}

/** A strict subscription gives nothing from the log while a delivery is open or a failed one waits. */
export function isHeldAltogether(entry: SubscriptionEntry): boolean {
  return entry.order === "strict" && (entry.openCount > 0 || entry.isBlocked(""));
}

function parkRow({ id }: SubscriptionEntry, seq: Seq, dueAtMs: TimeMs | null, orderingKey: string | null): ParkRow {
  return { subscriptionId: id, seq, dueAtMs, attempts: 0, retries: 0, firstAttemptAtMs: null, orderingKey };
}

export function openDelivery(
  entry: SubscriptionEntry,
  claim: ClaimState,
  delivery: DueDelivery & { readonly message: Message; readonly parked: boolean },
): ClaimedDelivery {
  const { seq, message, attempts, retries, firstAttemptAtMs, parked, orderingKey, deadLetterId } = delivery;
  const claimed = { message, attemptsMade: attempts, retriesMade: retries, firstAttemptAtMs };
  entry.take(seq, { ...claimed, claim, parked, settling: false, orderingKey, deadLetterId });
  return claimed;
}
