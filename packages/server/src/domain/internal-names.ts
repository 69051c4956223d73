import { foldCase } from "./names.ts";

/**
 * Topics and subscriptions of the server's own have a colon in their name: no caller can give such a name (`assertName`),
 * no listing shows one, and none counts for the caller's limits.
 */
export function isInternalName(name: string): boolean {
  return name.includes(":");
}

/** Both of the log that an inbox has to itself and of its subscription, there or to a topic of the caller's. */
export function inboxLogName(inbox: string): string {
  return `inbox:${inbox}`;
}

/**
 * Both of a queue's log and of its subscription there. Queues whose names differ in case alone are the same queue: whatever the
 * database finds by name it then finds for all of these.
 */
export function queueLogName(queue: string): string {
  return `${queueLogPrefix}${foldCase(queue)}`;
}

/** null: it is no queue's log. */
export function queueOfLog(topic: string): string | null {
  return topic.startsWith(queueLogPrefix) ? topic.slice(queueLogPrefix.length) : null;
}

const queueLogPrefix = "queue:";
