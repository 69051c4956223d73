import type { Message, TimeMs } from "../../domain/model.ts";
import type { PullCounts } from "../records.ts";
import type { SubscriptionState } from "./subscription-state.ts";

export function pullCounts(state: SubscriptionState, nowMs: TimeMs, rewindableFromMs: TimeMs): PullCounts {
  const { topic, cursor, open, parked } = state;
  const counts = { visible: 0, invisible: open.size, delayed: 0, rewindable: 0 };
  let oldestAtMs: TimeMs | null = null;
  const addUnsettled = ({ publishedAtMs }: Message): void => {
    if (oldestAtMs === null || publishedAtMs < oldestAtMs) oldestAtMs = publishedAtMs;
  };
  for (const { delivery } of open.values()) addUnsettled(delivery.message);
  for (const { message, dueAtMs, firstAttemptAtMs } of parked.values()) {
    if (open.has(message.seq)) continue;
    addUnsettled(message);
    if (dueAtMs === null || dueAtMs <= nowMs) counts.visible++;
    else counts[firstAttemptAtMs === null ? "delayed" : "invisible"]++;
  }
  for (let seq = topic.firstSeq; seq <= topic.lastSeq; seq++) {
    const message = topic.message(seq) as Message;
    if (open.has(seq) || parked.get(seq) !== undefined) continue;
    if (cursor.isDone(seq)) {
      if (message.publishedAtMs >= rewindableFromMs) counts.rewindable++;
      continue;
    }
    addUnsettled(message);
    counts[message.deliverAtMs !== null && message.deliverAtMs > nowMs ? "delayed" : "visible"]++;
  }
  return { ...counts, oldestAtMs };
}
