import { foldCase } from "./names.ts";

/**
 * The server creates topics and subscriptions of its own for inboxes and queues. Their names contain a colon, which
 * `assertName` refuses from callers. Listings omit these topics and subscriptions, and they do not count against the
 * caller's limits.
 */
export function isInternalName(name: string): boolean {
  return name.includes(":");
}

/**
 * The topic with the events of Ringback itself. Every account has one. Callers can subscribe to it and change its
 * retention; only the server publishes to it.
 */
export const eventsTopicName = "ringback.events";

/** True for the topics that the server creates. Listings of the store omit them, and no limit counts them. */
export function isInternalTopic(name: string): boolean {
  return isInternalName(name) || name === eventsTopicName;
}

/** Name of an inbox's subscription, and of the inbox's own log. An inbox that reads a topic has no own log. */
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

/** Returns the queue's name in lower case, or null if the topic is not the log of a queue. */
export function queueOfLog(topic: string): string | null {
  return topic.startsWith(queueLogPrefix) ? topic.slice(queueLogPrefix.length) : null;
}

const queueLogPrefix = "queue:";
