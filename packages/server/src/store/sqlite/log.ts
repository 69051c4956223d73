import type { SubscriptionId, TimeMs } from "../../domain/model.ts";
import { seqFrom } from "../../domain/start-rule.ts";
import type { LogStore } from "../log.ts";
import { earlier } from "../earlier.ts";
import { settleAnswers } from "./answers.ts";
import { readSeqAt } from "./read-seq-at.ts";
import type { Retention } from "./retention.ts";
import { rewindTo } from "./rewinding.ts";
import { settle } from "./settlements.ts";
import { startSchedules } from "./start-schedules.ts";
import type { StoreContext } from "./store-context.ts";

export function sqliteLog(context: StoreContext, retention: Retention): LogStore {
  const { index, reader, commits, claims, catalogMutex, ready } = context;
  return {
    append: (request) => commits.append(request),
    claim: (wants, leaseMs) => claims.claim(wants, leaseMs),
    // Always 0: no other process can take the claims of this one.
    touch: () => 0,
    reserveStarts: startSchedules(context),
    renew: async (claimIds, leaseMs) => claims.renew(claimIds, leaseMs),
    settle: (settlements, whenRefused) => settle(context, settlements, whenRefused),
    settlePulled: (id, answers) => settleAnswers(context, id, answers),
    rewind: (id, to) =>
      catalogMutex.run(async () => {
        const entry = index.subscriptions.get(id);
        if (entry === undefined) return false;
        const { topic } = entry;
        const fromSeq = await seqFrom("to", to, topic, (atMs) => readSeqAt(reader, topic, atMs));
        await rewindTo(entry, fromSeq, context);
        ready.notify([id]);
        return true;
      }),
    onReady: (listener) => ready.add(listener),
    findReady: async () => findReady(context),
    retain: () => retention.step(),
  };
}

function findReady({ index, clock }: StoreContext): Awaited<ReturnType<LogStore["findReady"]>> {
  const now = clock.now();
  const subscriptionIds: SubscriptionId[] = [];
  let nextDueAtMs: TimeMs | null = null;
  for (const entry of index.subscriptions.values()) {
    if (entry.state !== "active") continue;
    const due = earlier(entry.parkedCount === 0 ? null : entry.nextParkedDueAtMs, entry.leaseEndMs);
    if (entry.hasUnread || entry.parkedCount > 0 || (due !== null && due <= now)) subscriptionIds.push(entry.id);
    if (due !== null && due > now) nextDueAtMs = earlier(nextDueAtMs, due);
  }
  return { subscriptionIds, nextDueAtMs };
}
