import type { Seq } from "../../domain/model.ts";
import type { SubscriptionEntry } from "./catalog.ts";
import { holdClaims } from "./claim-gate.ts";
import type { Claims } from "./claims.ts";
import type { GroupCommit } from "./group-commit.ts";
import type { WriteJobs } from "./write-thread.ts";

export interface RewindOptions {
  readonly claims: Claims;
  readonly commits: GroupCommit;
  readonly write: (input: Parameters<WriteJobs["rewind"]>[0]) => Promise<ReturnType<WriteJobs["rewind"]>>;
}

/**
 * Takes a subscription back to a place in its log. No claim may be on its way meanwhile, and no commit: what has been settled is
 * then either on the disk, where it is undone, or waits to be written, where it is taken out.
 */
export async function rewindTo(entry: SubscriptionEntry, fromSeq: Seq, options: RewindOptions): Promise<void> {
  const { claims, commits, write } = options;
  const letClaims = await holdClaims([entry]);
  try {
    await commits.alone(async () => {
      if (entry.removed) return;
      const back = entry.cursor.backAt(fromSeq);
      const gone = await write({
        subscriptionId: entry.id,
        fromSeq,
        settledThrough: back.settledThrough,
        ahead: back.ahead(),
      });
      // From here on nothing waits, so that everybody sees either all of it or nothing.
      const parked = new Map(gone.map(({ seq, orderingKey }) => [seq, orderingKey]));
      commits.takeOut(entry.id, fromSeq, parked);
      entry.parkedCount -= parked.size;
      for (const orderingKey of parked.values()) if (orderingKey !== null) entry.unblockKey(orderingKey);
      claims.forgetFrom(entry, fromSeq);
      entry.cursor.goBackTo(fromSeq);
    });
  } finally {
    letClaims();
  }
}
