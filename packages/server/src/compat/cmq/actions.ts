import type { Action } from "./call.ts";
import { batchDeleteMessage, batchReceiveMessage, batchSendMessage } from "./messages.ts";
import { deleteMessage, receiveMessage, sendMessage } from "./messages.ts";
import { batchPublishMessage, publishMessage } from "./publish.ts";
import { createQueue, deleteQueue, getQueueAttributes, listQueue, rewindQueue, setQueueAttributes } from "./queues.ts";
import {
  clearSubscriptionFilterTags,
  getSubscriptionAttributes,
  listSubscriptionByTopic,
  setSubscriptionAttributes,
  subscribe,
  unsubscribe,
} from "./subscriptions.ts";
import { createTopic, deleteTopic, getTopicAttributes, listTopic, setTopicAttributes } from "./topics.ts";

/** The 25 actions of API 2.0. `about` is shown in docs/reference/cmq.md. */
export const actions: readonly (readonly [name: string, run: Action, about: string])[] = [
  ["CreateTopic", createTopic, "Creates a native topic of the same name that keeps messages for one day."],
  ["SetTopicAttributes", setTopicAttributes, "Changes `maxMsgSize`. The filter type cannot be changed."],
  [
    "GetTopicAttributes",
    getTopicAttributes,
    "`msgCount` is the largest backlog among the topic's first twenty subscriptions.",
  ],
  ["ListTopic", listTopic, "Sorted by name. `searchWord` matches any part of the name."],
  ["DeleteTopic", deleteTopic, "Refused while the topic has subscriptions."],
  ["PublishMessage", publishMessage, "Refused when no subscription would receive the message."],
  ["BatchPublishMessage", batchPublishMessage, "Publishes all messages or none."],
  [
    "Subscribe",
    subscribe,
    "Creates a native subscription of the same name. The protocol `http` also allows https URLs.",
  ],
  ["Unsubscribe", unsubscribe, "Deletes the subscription and its pending deliveries."],
  ["ListSubscriptionByTopic", listSubscriptionByTopic, "Sorted by name."],
  ["SetSubscriptionAttributes", setSubscriptionAttributes, "Attributes that are not given keep their values."],
  [
    "GetSubscriptionAttributes",
    getSubscriptionAttributes,
    "Returns both `filterTag` and `filterTags`, and both `protocol` and `protocal`: SDKs read one or the other.",
  ],
  [
    "ClearSubscriptionFilterTags",
    clearSubscriptionFilterTags,
    "Also accepted as `ClearSUbscriptionFIlterTags`, the spelling of two SDKs.",
  ],
  ["CreateQueue", createQueue, "May name a dead-letter queue, which must exist."],
  ["ListQueue", listQueue, "Sorted by name."],
  ["GetQueueAttributes", getQueueAttributes, "The counters are exact unless filters or delays are in use."],
  ["SetQueueAttributes", setQueueAttributes, "Attributes that are not given keep their values."],
  ["DeleteQueue", deleteQueue, "Deletes the queue and its messages."],
  ["RewindQueue", rewindQueue, "Goes back at most `rewindSeconds`."],
  ["SendMessage", sendMessage, "`delaySeconds` may be up to twelve hours."],
  ["BatchSendMessage", batchSendMessage, "Sends all messages or none."],
  ["ReceiveMessage", receiveMessage, "Waits for up to 30 s. A longer wait is shortened to 30 s."],
  [
    "BatchReceiveMessage",
    batchReceiveMessage,
    "Returns up to sixteen messages: those available now, without waiting for more.",
  ],
  ["DeleteMessage", deleteMessage, "Needs the latest receipt handle of the message."],
  ["BatchDeleteMessage", batchDeleteMessage, "Answers code 6010 with `errorList` when some messages were not deleted."],
];

const actionsByName = new Map(actions.map(([name, run]) => [name, run]));

/** Misspelt names of actions in the requests of the Java SDK and of old versions of the Go SDK. */
const misspelt = new Map([["ClearSUbscriptionFIlterTags", "ClearSubscriptionFilterTags"]]);

export function findAction(name: string): Action | null {
  return actionsByName.get(misspelt.get(name) ?? name) ?? null;
}
