import { limits } from "../../domain/limits.ts";
import type { Seq } from "../../domain/model.ts";
import type { SubscriptionEntry } from "./catalog.ts";
import { lockClaims } from "./claim-lock.ts";
import type { Claims } from "./claims.ts";
import type { GroupCommit } from "./group-commit.ts";
import type { ReadJobs } from "./read-thread.ts";
import type { ThreadLink } from "./thread-link.ts";
import type { WriteJobs } from "./write-thread.ts";

export interface RewindOptions {
  readonly claims: Claims;
  readonly commits: GroupCommit;
  readonly reader: ThreadLink<ReadJobs>;
  readonly write: (input: Parameters<WriteJobs["rewind"]>[0]) => Promise<ReturnType<WriteJobs["rewind"]>>;
}

/** Takes a subscription back to a place in its log. No claim may be on its way meanwhile; others publish and settle between two steps. */
export async function rewindTo(entry: SubscriptionEntry, fromSeq: Seq, options: RewindOptions): Promise<void> {
  const letClaims = await lockClaims([entry]);
  try {
    let endSeq: Seq = Number.MAX_SAFE_INTEGER;
    do {
      const far = await options.reader.call("findParkedFromEnd", {
        subscriptionId: entry.id,
        fromSeq,
        endSeq,
        count: limits.rewoundPerCommitMax,
      });
      const place = far ?? fromSeq;
      await options.commits.alone(() => goBack(entry, place, options));
      endSeq = place;
    } while (endSeq > fromSeq);
  } finally {
    letClaims();
  }
}

/** No commit is on its way: what has been settled is either on the disk, where it is undone, or waits to be written, where it is taken out. */
async function goBack(
  entry: SubscriptionEntry,
  fromSeq: Seq,
  { claims, commits, write }: Pick<RewindOptions, "claims" | "commits" | "write">,
): Promise<void> {
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
}
