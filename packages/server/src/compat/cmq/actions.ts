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

/** API 2.0: thirteen of topics and twelve of queues. */
export const actions: ReadonlyMap<string, ActionRow> = new Map(
  Object.entries({
    CreateTopic: { run: createTopic, about: "A native topic of the same name, kept for a day." },
    SetTopicAttributes: { run: setTopicAttributes, about: "`maxMsgSize`; the filter type cannot change." },
    GetTopicAttributes: {
      run: getTopicAttributes,
      about: "`msgCount` is what the subscription that lags most has still to get, of the first twenty.",
    },
    ListTopic: { run: listTopic, about: "By name; `searchWord` is looked for anywhere in it." },
    DeleteTopic: { run: deleteTopic, about: "Refused while there are subscriptions." },
    PublishMessage: { run: publishMessage, about: "Refused when no subscription would get it." },
    BatchPublishMessage: { run: batchPublishMessage, about: "All of them, or none." },
    Subscribe: { run: subscribe, about: "A native subscription of the same name; `http` takes https as well." },
    Unsubscribe: { run: unsubscribe, about: "With whatever it has still to get." },
    ListSubscriptionByTopic: { run: listSubscriptionByTopic, about: "By name." },
    SetSubscriptionAttributes: { run: setSubscriptionAttributes, about: "What is not given keeps its value." },
    GetSubscriptionAttributes: {
      run: getSubscriptionAttributes,
      about: "With `filterTag` and `filterTags`, `protocol` and `protocal`: SDKs read one or the other.",
    },
    ClearSubscriptionFilterTags: {
      run: clearSubscriptionFilterTags,
      about: "Also as `ClearSUbscriptionFIlterTags`, which is how two SDKs spell it.",
    },
    CreateQueue: { run: createQueue, about: "May name a dead-letter queue, which must be there." },
    ListQueue: { run: listQueue, about: "By name." },
    GetQueueAttributes: {
      run: getQueueAttributes,
      about: "The counters are exact as far as no filter or delay is in play.",
    },
    SetQueueAttributes: { run: setQueueAttributes, about: "What is not given keeps its value." },
    DeleteQueue: { run: deleteQueue, about: "With everything in it." },
    RewindQueue: { run: rewindQueue, about: "As far back as `rewindSeconds`." },
    SendMessage: { run: sendMessage, about: "`delaySeconds` up to twelve hours." },
    BatchSendMessage: { run: batchSendMessage, about: "All of them, or none." },
    ReceiveMessage: { run: receiveMessage, about: "Waits for up to 30 s; what is beyond is taken for 30 s." },
    BatchReceiveMessage: {
      run: batchReceiveMessage,
      about: "Up to sixteen; those that are there, without waiting for more.",
    },
    DeleteMessage: { run: deleteMessage, about: "By a receipt handle that is still the last one of its message." },
    BatchDeleteMessage: { run: batchDeleteMessage, about: "Code 6010 and `errorList` when some were not deleted." },
  } satisfies Record<string, ActionRow>),
);

/** As the Java SDK and old versions of the Go SDK spell it. */
const misspelt = new Map([["ClearSUbscriptionFIlterTags", "ClearSubscriptionFilterTags"]]);

export function findAction(name: string): Action | null {
  return actions.get(misspelt.get(name) ?? name)?.run ?? null;
}
