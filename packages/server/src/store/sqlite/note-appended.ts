import type { TimeMs } from "../../domain/model.ts";
import type { AppendRequest, AppendResult } from "../log.ts";
import type { StoreContext } from "./store-context.ts";

/** Adds messages that are durable now to the log and the cache in memory. Wakes the subscriptions of their topic. */
export function noteAppended(
  memory: Pick<StoreContext, "index" | "cache" | "ready">,
  { topicId, messages }: AppendRequest,
  { firstSeq, publishedAtMs, replayed }: AppendResult,
  nowMs: TimeMs,
): void {
  const topic = memory.index.topics.get(topicId);
  if (topic === undefined || replayed) return;
  for (const [index, message] of messages.entries()) {
    memory.cache.add({
      topicId,
      seq: firstSeq + index,
      publishedAtMs,
      deliverAtMs: message.delayMs === 0 ? null : nowMs + message.delayMs,
      body: message.body,
      contentType: message.contentType,
      tags: message.tags,
      type: message.type,
      orderingKey: message.orderingKey,
      attributes: message.attributes,
      request: message.request ?? null,
      hops: message.hops ?? 0,
      trace: message.trace ?? null,
    });
  }
  topic.lastSeq = firstSeq + messages.length - 1;
  topic.oldestAtMs = Math.min(topic.oldestAtMs ?? publishedAtMs, publishedAtMs);
  if (topic.subscriptions.size > 0) memory.ready.notify(topic.subscriptionIds);
}
