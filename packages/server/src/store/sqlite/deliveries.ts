import { momentOf } from "../../domain/clock-rules.ts";
import { parseMessageId } from "../../domain/message-id.ts";
import type { AccountId, MessageId, Seq } from "../../domain/model.ts";
import type { CancelOutcome, DeliveryStore, RetryOutcome } from "../deliveries.ts";
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
  const stateOf = async (accountId: AccountId, id: MessageId, name: string) => {
    const found = await records.getMessage(accountId, id);
    return found?.deliveries.find(({ subscription }) => subscription === name)?.state ?? null;
  };
  const { commits, clock, ready } = context;

  return {
    async retry(accountId, id, name): Promise<RetryOutcome | null> {
      const state = await stateOf(accountId, id, name);
      if (state === null || state === "pending" || state === "in_flight" || state === "filtered") return state;
      return changing(accountId, id, name, async (entry, seq) => {
        if (entry.open.has(seq)) return "in_flight";
        if (!entry.cursor.isDone(seq)) return "pending";
        const delivery = { topicId: entry.topic.topic.id, subscriptionId: entry.id, seq };
        const outcome = await commits.write("retryDelivery", { ...delivery, ...momentOf(clock) });
        if (outcome === "held") return outcome;
        if (outcome !== "retried") entry.parkedCount++;
        if (outcome === "copied") entry.mayHaveApart = true;
        entry.parkedDueAt(clock.now());
        ready.notify([entry.id]);
        return outcome;
      });
    },
    async cancel(accountId, id, name): Promise<CancelOutcome | null> {
      const state = await stateOf(accountId, id, name);
      if (state !== "parked") return state;
      const cancelled = await changing(accountId, id, name, async (entry, seq) => {
        if (entry.open.has(seq)) return "in_flight";
        const { topic } = entry.topic;
        const delivery = { topicId: topic.id, subscriptionId: entry.id, seq, accountId };
        const gone = await commits.write("cancelDelivery", { ...delivery, ...momentOf(clock) });
        if (gone === undefined) return null;
        entry.parkedCount--;
        if (gone.orderingKey !== null) {
          entry.unblockKey(gone.orderingKey);
          entry.parkedDueAt(clock.now());
        }
        ready.notify([entry.id]);
        return "cancelled";
      });
      if (cancelled !== null) return cancelled;
      const now = await stateOf(accountId, id, name);
      return now === "parked" ? "in_flight" : now;
    },
  };
}
