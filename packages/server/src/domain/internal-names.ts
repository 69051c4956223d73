import { foldCase } from "./names.ts";

/**
 * The server creates topics and subscriptions of its own for inboxes and queues. Their names contain a colon, which
 * `assertName` refuses from callers. Listings do not show these, and the caller's limits do not count them.
 */
export function isInternalName(name: string): boolean {
  return name.includes(":");
}

/** Name of an inbox's subscription, and of its log if it has one of its own instead of reading a topic. */
export function inboxLogName(inbox: string): string {
  return `inbox:${inbox}`;
}

/**
 * Name of a queue's log and of the subscription to it. Queue names that differ only in case are the same queue, so the
 * name is in lower case.
 */
export function queueLogName(queue: string): string {
  return `${queueLogPrefix}${foldCase(queue)}`;
}

/** The queue's name in lower case; null: the topic is not a queue's log. */
export function queueOfLog(topic: string): string | null {
  return topic.startsWith(queueLogPrefix) ? topic.slice(queueLogPrefix.length) : null;
}

const queueLogPrefix = "queue:";
