import { isPulled } from "../settlement-rule.ts";
import type { LogStore } from "../log.ts";
import { Answers } from "./answers.ts";
import { Appends } from "./appends.ts";
import { Claims } from "./claims.ts";
import { findReady } from "./counts.ts";
import { Retention } from "./retention.ts";
import { rewindTo } from "./rewinding.ts";
import { Settlements } from "./settlements.ts";
import { StartReservations } from "./start-reservations.ts";
import type { StoreContext } from "./store-context.ts";
import { readSubscriptionIds } from "./subscriptions.ts";

export interface PostgresLog extends LogStore {
  start(): Promise<void>;
  /** Refuses new calls at once. Resolves when no call uses the log any more. */
  close(): Promise<void>;
  /** Ends every lease of this node, so that other nodes need not wait for them to expire. */
  abandonClaims(): Promise<void>;
}

export function createLog(context: StoreContext): PostgresLog {
  const { database, cache, heartbeat, readyHere, ready, wakeUps } = context;
  const appends = new Appends(context);
  const claims = new Claims(context);
  const settlements = { wait: new Settlements(context, "wait"), fail: new Settlements(context, "fail") };
  const answers = new Answers(context);
  const reservations = new StartReservations(context);
  const retention = new Retention(context);

  return {
    async append(request) {
      const { topicId } = request;
      const cached = cache.cachedSubscriptionIds(topicId);
      // The subscriptions to wake are read during the append. A failure to read them does not fail the append.
      const reading = cached ?? readSubscriptionIds(context, topicId).catch(() => []);
      const result = await appends.append(request);
      if (result.replayed) return result;
      const before = await reading;
      // The cache also has the subscriptions that were created during the append.
      const current = cache.cachedSubscriptionIds(topicId) ?? before;
      if (current.length > 0) {
        readyHere.notify(current);
        wakeUps.published(topicId, current);
      }
      return result;
    },
    claim: (wants, leaseMs) => claims.claim(wants, leaseMs),
    renew: (claimIds, leaseMs) => claims.renew(claimIds, leaseMs),
    touch: () => heartbeat.touch(),
    reserveStarts: (id, pace, want) => reservations.reserve(id, pace, want),
    async settle(batch, whenRefused = "wait") {
      const applied = await settlements[whenRefused].settle(batch).catch((error: unknown) => {
        if (whenRefused === "fail") claims.release(batch.map(({ claimId }) => claimId));
        throw error;
      });
      // A pulled delivery becomes visible again later. Other nodes must know when, because this node may have ended by
      // then, or may have no waiting receiver.
      for (const settlement of batch) if (isPulled(settlement)) wakeUps.ready(settlement.subscriptionId);
      return applied;
    },
    settlePulled: (id, batch) => answers.answer(id, batch),
    async rewind(id, to) {
      const isKnown = await rewindTo(database.rest, id, to);
      if (isKnown) ready([id]);
      return isKnown;
    },
    onReady: (listener) => readyHere.add(listener),
    findReady: () => findReady(context),
    retain: () => retention.step(),
    start: () => retention.start(),
    async close() {
      const { wait, fail } = settlements;
      await Promise.all([appends, claims, wait, fail, answers, reservations].map((part) => part.close()));
    },
    abandonClaims: () => claims.abandon(null),
  };
}
