import type { IncomingMessage } from "./protocol.ts";

/** Values of the members that a dialect does not carry. */
export const emptyMessage: Omit<IncomingMessage, "protocol" | "body"> = Object.freeze({
  topicOwner: null,
  topic: null,
  subscription: null,
  messageId: null,
  requestId: null,
  attempt: null,
  publishedAtMs: null,
  contentType: null,
  tags: Object.freeze([]),
  type: null,
  orderingKey: null,
  attributes: Object.freeze({}),
});
