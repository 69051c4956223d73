import { momentOf } from "../../domain/clock-rules.ts";
import { RingbackError } from "../../domain/errors.ts";
import { limits } from "../../domain/limits.ts";
import type { AccountId, SubscriptionId } from "../../domain/model.ts";
import { Listeners } from "../listeners.ts";
import { countInParts } from "../replay-copies.ts";
import {
  beforeReplay,
  planOf,
  rangeOf,
  replayPage,
  toReplay,
  type Replay,
  type ReplayCount,
  type ReplayId,
  type ReplayPlan,
  type ReplayStep,
  type ReplayStore,
  replayLimit,
} from "../replays.ts";
import { withClaimsLocked } from "./claim-lock.ts";
import type { ReplayReading, SettledPositions } from "./operations/replay-step.ts";
import type { FoundReplay } from "./operations/replays.ts";
import { readSeqAt } from "./read-seq-at.ts";
import type { StoreContext } from "./store-context.ts";
import type { SubscriptionEntry } from "./subscription-entry.ts";

/** Positions that one read counts, so that other reads need not wait for long. */
const COUNT_STEP = 2_000;

export function sqliteReplays(context: StoreContext): ReplayStore {
  const { index, reader, commits, clock } = context;
  const cancelled = new Listeners<SubscriptionId>();
  const inAccount = (accountId: AccountId, id: ReplayId) => reader.call("readReplay", { id, accountId });
  return {
    async logRange(topicId) {
      const topic = index.topics.get(topicId);
      return topic === undefined ? null : { firstSeq: topic.firstSeq, lastSeq: topic.lastSeq };
    },
    async seqAt(topicId, atMs) {
      const topic = index.topics.get(topicId);
      if (topic === undefined) throw new RingbackError("topic_not_found");
      return readSeqAt(reader, topic, atMs);
    },
    count: (plan) => count(context, plan),
    async create(replay) {
      const created = await commits.write("createReplay", { replay, wallMs: clock.wall() });
      if (created === null) throw replayLimit();
      return shown(created);
    },
    openCount: (accountId) => reader.call("openReplayCount", { accountId }),
    async get(accountId, id) {
      const found = await inAccount(accountId, id);
      return found && shown(found);
    },
    async list(accountId, page) {
      const range = { accountId, beforeId: beforeReplay(page), limit: page.limit + 1 };
      return replayPage((await reader.call("listReplays", range)).map(shown), page);
    },
    async change(accountId, id, { perSecond, isPaused }) {
      if ((await inAccount(accountId, id)) === null) return null;
      const changed = await commits.write("changeReplay", { id, perSecond, isPaused });
      return changed && shown(changed);
    },
    async cancel(accountId, id) {
      if ((await inAccount(accountId, id)) === null) return null;
      const replay = await end(context, id, "cancelled");
      if (replay !== null) cancelled.notify(replay.targetId);
      return replay;
    },
    onCancelled: (listener) => cancelled.add(listener),
    async remove(accountId, id) {
      return (await inAccount(accountId, id)) !== null && commits.write("removeReplay", { id });
    },
    // No other process has the database open, so each open replay is this one's.
    acquire: (max) => reader.call("openReplays", { max }),
    step: (id, _leaseMs, copiesMax) => step(context, id, copiesMax),
    async trim() {
      await commits.write("trimReplays", { beforeMs: clock.wall() - limits.replayKeptMs });
    },
  };
}

function shown({ row, waiting }: FoundReplay): Replay {
  return toReplay(row, waiting);
}

async function count({ index, reader, commits }: StoreContext, plan: ReplayPlan): Promise<ReplayCount> {
  const last = await reader.call("lastDeadLetterId", { subscriptionId: plan.subscriptionId });
  return countInParts(rangeOf(plan, last), COUNT_STEP, (range) => {
    const entries = entriesOf(index, plan);
    if (entries === null) throw new RingbackError("subscription_not_found");
    return reader.call("countReplay", { reading: readingOf(plan, entries, commits.waiting), range });
  });
}

interface Entries {
  readonly target: SubscriptionEntry;
  readonly subscription: SubscriptionEntry;
}

function entriesOf(index: StoreContext["index"], { targetId, subscriptionId }: ReplayPlan): Entries | null {
  const [target, subscription] = [index.subscriptions.get(targetId), index.subscriptions.get(subscriptionId)];
  return target === undefined || subscription === undefined ? null : { target, subscription };
}

function readingOf(
  plan: ReplayPlan,
  { target, subscription }: Entries,
  waiting: StoreContext["commits"]["waiting"],
): ReplayReading {
  const { filter } = target.settings;
  const { firstSeq } = target.topic;
  return {
    plan,
    firstSeq,
    filter,
    target: settledPositions(target, waiting),
    subscription: settledPositions(subscription, waiting),
  };
}

function settledPositions(
  { id, cursor }: SubscriptionEntry,
  waiting: StoreContext["commits"]["waiting"],
): SettledPositions {
  const parkedSoon = waiting.flatMap(({ parked }) =>
    parked.filter(({ subscriptionId }) => subscriptionId === id).map(({ seq }) => seq),
  );
  return { settledThrough: cursor.settledThrough, done: cursor.doneAhead(), parkedSoon };
}

async function step(context: StoreContext, id: ReplayId, copiesMax: number): Promise<ReplayStep | null> {
  const { index, reader, commits, catalogMutex, clock, ready } = context;
  const before = await reader.call("readReplay", { id });
  if (before === null) return null;
  const plan = planOf(before.row);
  if (before.row.state !== "running") return sweep(context, id);
  // No rewind and no commit may be under way.
  const stepped = await catalogMutex.run(() =>
    commits.exclusively(async () => {
      const entries = entriesOf(index, plan);
      if (entries === null) return "gone";
      const reading = readingOf(plan, entries, commits.waiting);
      const result = await commits.write("stepReplay", { id, reading, copiesMax, ...momentOf(clock) });
      if (result === null) return null;
      const { parked, dueAtMs } = result;
      if (parked > 0 && dueAtMs !== null) {
        const { target } = entries;
        target.parkedCount += parked;
        if (plan.order === "separate") target.mayHaveApart = true;
        target.parkedDueAt(dueAtMs);
        ready.notify([target.id]);
      }
      return result;
    }),
  );
  if (stepped === "gone") {
    const failed = await end(context, id, "failed");
    return failed && { replay: failed, isOpen: failed.waiting > 0 };
  }
  return stepped === null ? sweep(context, id) : { replay: shown(stepped.found), isOpen: stepped.isOpen };
}

/** Removes copies of an ended replay that have come back from an attempt. */
async function sweep(context: StoreContext, id: ReplayId): Promise<ReplayStep | null> {
  const replay = await end(context, id, "cancelled");
  return replay && { replay, isOpen: replay.waiting > 0 };
}

function end(context: StoreContext, id: ReplayId, state: "cancelled" | "failed"): Promise<Replay | null> {
  const { index, reader, commits, catalogMutex, clock, ready } = context;
  return catalogMutex.run(async () => {
    const found = await reader.call("readReplay", { id });
    if (found === null) return null;
    const entry = index.subscriptions.get(found.row.target_id);
    const write = () =>
      commits.write("endReplay", {
        id,
        state,
        reason: state === "failed" ? "subscription_deleted" : null,
        open: [...(entry?.open ?? [])].flatMap(([seq, { parked }]) => (parked ? [seq] : [])),
        ...momentOf(clock),
      });
    if (entry === undefined) {
      const { found: ended } = await write();
      return ended && shown(ended);
    }
    return withClaimsLocked([entry], () =>
      commits.exclusively(async () => {
        const { found: ended, removed } = await write();
        entry.parkedCount -= removed.length;
        for (const { orderingKey } of removed) if (orderingKey !== null) entry.unblockKey(orderingKey);
        if (removed.length > 0) {
          entry.parkedDueAt(clock.now());
          ready.notify([entry.id]);
        }
        return ended && shown(ended);
      }),
    );
  });
}
