import type { Seq } from "../../domain/model.ts";
import { withClaimsLocked } from "./claim-lock.ts";
import { settledBy, takeOut } from "./settle-work.ts";
import type { StoreContext } from "./store-context.ts";
import type { SubscriptionEntry } from "./subscription-entry.ts";

/**
 * Moves the cursor of a subscription back, in steps. Claims of the subscription wait until the rewind is complete.
 * Publishes and settlements run between the steps.
 */
export function rewindTo(entry: SubscriptionEntry, fromSeq: Seq, context: StoreContext): Promise<void> {
  return withClaimsLocked([entry], async () => {
    let endSeq: Seq = Number.MAX_SAFE_INTEGER;
    do {
      const far = await context.reader.call("findParkedFromEnd", { subscriptionId: entry.id, fromSeq, endSeq });
      const stepSeq = far ?? fromSeq;
      await context.commits.exclusively(async () => {
        entry.rewindSteps++;
        await rewindStep(entry, stepSeq, context).finally(() => entry.rewindSteps++);
      });
      endSeq = stepSeq;
    } while (endSeq > fromSeq);
  });
}

/**
 * Must run while no commit is under way. Every settlement is then either written or waits to be written. A written one
 * is undone in the database; a waiting one is dropped.
 */
async function rewindStep(entry: SubscriptionEntry, fromSeq: Seq, { claims, commits }: StoreContext): Promise<void> {
  if (entry.removed) return;
  const back = entry.cursor.without(settledBy(commits.waiting).get(entry) ?? []);
  back.goBackTo(fromSeq);
  const removed = await commits.write("rewind", {
    subscriptionId: entry.id,
    fromSeq,
    settledThrough: back.settledThrough,
    ahead: back.ahead(),
  });
  // Nothing is awaited from here on, so that other callers see all of the step or none of it.
  const parked = new Map(removed.map(({ seq, orderingKey }) => [seq, orderingKey]));
  for (const work of commits.waiting) takeOut(work, entry.id, fromSeq, parked);
  entry.parkedCount -= parked.size;
  for (const orderingKey of parked.values()) if (orderingKey !== null) entry.unblockKey(orderingKey);
  claims.forgetFrom(entry, fromSeq);
  entry.cursor.goBackTo(fromSeq);
}
