import { momentOf } from "../../domain/clock-rules.ts";
import { parseMessageId } from "../../domain/message-id.ts";
import type { AccountId, MessageId, Seq } from "../../domain/model.ts";
import { deliveryStore, type DeliveryStore, type RetryOutcome } from "../deliveries.ts";
import type { RecordStore } from "../records.ts";
import { withClaimsLocked } from "./claim-lock.ts";
import type { StoreContext } from "./store-context.ts";
import type { SubscriptionEntry } from "./subscription-entry.ts";

export function sqliteDeliveries(context: StoreContext, records: Pick<RecordStore, "getMessage">): DeliveryStore {
  /** Runs `change` while no claim of the subscription, no rewind and no commit is under way. */
  const changing = <T>(
    accountId: AccountId,
    id: MessageId,
    name: string,
    change: (entry: SubscriptionEntry, seq: Seq) => Promise<T>,
  ): Promise<T | null> =>
    context.catalogMutex.run(async () => {
      const { index, commits } = context;
      const position = parseMessageId(id);
      const topic = position === null ? undefined : index.topics.withNumber(position.number);
      const entry = topic?.subscriptions.get(name);
      if (position === null || topic?.topic.accountId !== accountId || entry === undefined) return null;
      return withClaimsLocked([entry], () => commits.exclusively(() => change(entry, position.seq)));
    });
  const { commits, clock, ready } = context;

  return deliveryStore(records, {
    retry: (...delivery) =>
      changing(...delivery, async (entry, seq): Promise<RetryOutcome> => {
        if (entry.open.has(seq)) return "in_flight";
        if (!entry.cursor.isDone(seq)) return "pending";
        const position = { topicId: entry.topic.topic.id, subscriptionId: entry.id, seq };
        const outcome = await commits.write("retryDelivery", { ...position, ...momentOf(clock) });
        if (outcome === "held") return outcome;
        if (outcome !== "retried") entry.parkedCount++;
        if (outcome === "copied") entry.mayHaveApart = true;
        entry.parkedDueAt(clock.now());
        ready.notify([entry.id]);
        return outcome;
      }),
    cancel: (...delivery) =>
      changing(...delivery, async (entry, seq) => {
        if (entry.open.has(seq)) return "in_flight";
        const { topic } = entry.topic;
        const position = { topicId: topic.id, subscriptionId: entry.id, seq, accountId: topic.accountId };
        const gone = await commits.write("cancelDelivery", { ...position, ...momentOf(clock) });
        if (gone === undefined) return null;
        entry.parkedCount--;
        if (gone.orderingKey !== null) {
          entry.unblockKey(gone.orderingKey);
          entry.parkedDueAt(clock.now());
        }
        ready.notify([entry.id]);
        return "cancelled";
      }),
  });
}
