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

interface ActionRow {
  readonly run: Action;
  readonly about: string;
}

/** The 25 actions of API 2.0. `about` is shown in docs/reference/cmq.md. */
export const actions: ReadonlyMap<string, ActionRow> = new Map(
  Object.entries({
    CreateTopic: {
      run: createTopic,
      about: "Creates a native topic of the same name that keeps messages for one day.",
    },
    SetTopicAttributes: { run: setTopicAttributes, about: "Changes `maxMsgSize`. The filter type cannot be changed." },
    GetTopicAttributes: {
      run: getTopicAttributes,
      about: "`msgCount` is the largest backlog among the topic's first twenty subscriptions.",
    },
    ListTopic: { run: listTopic, about: "Sorted by name. `searchWord` matches any part of the name." },
    DeleteTopic: { run: deleteTopic, about: "Refused while the topic has subscriptions." },
    PublishMessage: { run: publishMessage, about: "Refused when no subscription would receive the message." },
    BatchPublishMessage: { run: batchPublishMessage, about: "Publishes all messages or none." },
    Subscribe: {
      run: subscribe,
      about: "Creates a native subscription of the same name. The protocol `http` also allows https URLs.",
    },
    Unsubscribe: { run: unsubscribe, about: "Deletes the subscription and its pending deliveries." },
    ListSubscriptionByTopic: { run: listSubscriptionByTopic, about: "Sorted by name." },
    SetSubscriptionAttributes: {
      run: setSubscriptionAttributes,
      about: "Attributes that are not given keep their values.",
    },
    GetSubscriptionAttributes: {
      run: getSubscriptionAttributes,
      about:
        "Returns both `filterTag` and `filterTags`, and both `protocol` and `protocal`: SDKs read one or the other.",
    },
    ClearSubscriptionFilterTags: {
      run: clearSubscriptionFilterTags,
      about: "Also accepted as `ClearSUbscriptionFIlterTags`, the spelling of two SDKs.",
    },
    CreateQueue: { run: createQueue, about: "May name a dead-letter queue, which must exist." },
    ListQueue: { run: listQueue, about: "Sorted by name." },
    GetQueueAttributes: {
      run: getQueueAttributes,
      about: "The counters are exact unless filters or delays are in use.",
    },
    SetQueueAttributes: { run: setQueueAttributes, about: "Attributes that are not given keep their values." },
    DeleteQueue: { run: deleteQueue, about: "Deletes the queue and its messages." },
    RewindQueue: { run: rewindQueue, about: "Goes back at most `rewindSeconds`." },
    SendMessage: { run: sendMessage, about: "`delaySeconds` may be up to twelve hours." },
    BatchSendMessage: { run: batchSendMessage, about: "Sends all messages or none." },
    ReceiveMessage: { run: receiveMessage, about: "Waits for up to 30 s. A longer wait is shortened to 30 s." },
    BatchReceiveMessage: {
      run: batchReceiveMessage,
      about: "Returns up to sixteen messages: those available now, without waiting for more.",
    },
    DeleteMessage: { run: deleteMessage, about: "Needs the latest receipt handle of the message." },
    BatchDeleteMessage: {
      run: batchDeleteMessage,
      about: "Answers code 6010 with `errorList` when some messages were not deleted.",
    },
  } satisfies Record<string, ActionRow>),
);

/** The spelling of the Java SDK and of old versions of the Go SDK. */
const misspelt = new Map([["ClearSUbscriptionFIlterTags", "ClearSubscriptionFilterTags"]]);

export function findAction(name: string): Action | null {
  return actions.get(misspelt.get(name) ?? name)?.run ?? null;
}
