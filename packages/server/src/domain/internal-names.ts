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
