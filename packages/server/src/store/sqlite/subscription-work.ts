import type { Message, Seq, SubscriptionSettings, TimeMs } from "../../domain/model.ts";
import type { OpenDelivery } from "./subscription-entry.ts";

/**
 * The part of a subscription in memory that idle subscriptions do not have: its claims, its parked deliveries and its
 * parsed settings. Maps are created when first needed.
 */
export class SubscriptionWork {
  parkedCount = 0;
  /** When the next parked delivery is due. The value may be too early, but never too late. */
  nextParkedDueAtMs: TimeMs | null = null;
  /** False: no parked delivery is apart from the order. */
  mayHaveApart = false;
  /** The deliveries of earlier claims that count for the next copy that is apart from the order. */
  apartCredit = 0;
  /** For each ordering key, the number of parked deliveries that block it. */
  blockedKeys: Map<string, number> | null = null;
  open: Map<Seq, OpenDelivery> | null = null;
  settlingCount = 0;
  /** The earliest end of a lease. The value may be too early, but never too late. */
  leaseEndMs: TimeMs | null = null;
  /** Only one claim at a time reads the log and the parked deliveries. Resolves when that claim is complete. */
  claiming: Promise<void> | null = null;
  /** Rows in `parked` that a claim is about to change. A claim that reads such a row must not take it. */
  changing: Set<Seq> | null = null;
  /** For each delivery, the number of receivers' answers that are not written yet. Claims skip these deliveries. */
  pendingAnswers: Map<Seq, number> | null = null;
  didSkipPending = false;
  /** Deliveries that left `open` while a claim was reading `parked`: the rows that it read may be outdated. */
  closedWhileReading: Set<Seq> | null = null;
  /** Incremented when a step of a rewind begins and when it ends, so it is odd during a step. */
  rewindSteps = 0;
  /** The parsed settings stay in memory only while somebody uses them. */
  settings: WeakRef<SubscriptionSettings> | null = null;
  matches: ((message: Pick<Message, "tags" | "type">) => boolean) | null = null;
}
