/**
 * Runs every CMQ action of tencentcloud-sdk-nodejs. Each call prints one line: "ok NAME" or "FAIL NAME: REASON".
 */
import { createRequire } from "node:module";
import { join } from "node:path";
import { awkward, call, refused } from "./calls.ts";

const { tdmq } = createRequire(join(process.cwd(), "x.js"))("tencentcloud-sdk-nodejs") as {
  tdmq: { v20200217: { Client: new (options: object) => Record<string, (parameters: object) => Promise<object>> } };
};
const { SECRET_ID: secretId, SECRET_KEY: secretKey } = process.env;
const settings = { profile: { httpProfile: { protocol: "http://", endpoint: "ringback.example:8000" } } };

function clientOf(options: object = {}, http: object = {}, pair: object = {}) {
  const { httpProfile } = settings.profile;
  return new tdmq.v20200217.Client({
    credential: { secretId, secretKey, ...pair },
    region: "ap-guangzhou",
    profile: { ...options, httpProfile: { ...httpProfile, ...http } },
  });
}

async function run(prefix: string, client: ReturnType<typeof clientOf>): Promise<void> {
  const QueueName = `${prefix}-q`;
  const TopicName = `${prefix}-t`;
  const does = (name: string, parameters: object, wanted: object = {}) =>
    call(name, () => client[name]!(parameters), wanted);
  const fails = (name: string, parameters: object, code: string) =>
    refused(name, code, () => client[name]!(parameters));
  const create = { QueueName, RewindSeconds: 3600 };
  await does("CreateCmqQueue", create);
  await fails("CreateCmqQueue", create, "ResourceInUse");
  const source = { QueueName: `${QueueName}-source`, DeadLetterQueueName: QueueName, Policy: 0, MaxReceiveCount: 5 };
  await does("CreateCmqQueue", source);
  await does("ModifyCmqQueueAttribute", { QueueName, VisibilityTimeout: 60 });
  await does("DescribeCmqQueueDetail", { QueueName });
  await does("DescribeCmqQueueDetail", { QueueName });
  await does("DescribeCmqQueues", { QueueName, Offset: 0, Limit: 20 }, { TotalCount: 2 });
  await does("UnbindCmqDeadLetter", { SourceQueueName: source.QueueName });
  const StartConsumeTime = Math.floor(Date.now() / 1000) - 1;
  await does("SendCmqMsg", { QueueName, MsgContent: awkward, DelaySeconds: 0 }, { Result: true });
  await does("RewindCmqQueue", { QueueName, StartConsumeTime });
  await does("ClearCmqQueue", { QueueName });
  await does("CreateCmqTopic", { TopicName, FilterType: 1 });
  await fails("CreateCmqTopic", { TopicName, FilterType: 1 }, "ResourceInUse");
  await does("ModifyCmqTopicAttribute", { TopicName, MaxMsgSize: 2048 });
  await does("DescribeCmqTopicDetail", { TopicName });
  await does("DescribeCmqTopics", { TopicName }, { TotalCount: 1 });
  await fails("PublishCmqMsg", { TopicName, MsgContent: "early" }, "FailedOperation");
  const subscription = { TopicName, SubscriptionName: "sub" };
  const target = { Protocol: "queue", Endpoint: QueueName, NotifyContentFormat: "SIMPLIFIED" };
  await does("CreateCmqSubscribe", { ...subscription, ...target, NotifyStrategy: "BACKOFF_RETRY", FilterTag: ["a"] });
  await does("DescribeCmqSubscriptionDetail", { TopicName }, { TotalCount: 1 });
  const change = { NotifyStrategy: "EXPONENTIAL_DECAY_RETRY", NotifyContentFormat: "SIMPLIFIED", FilterTags: ["c"] };
  await does("ModifyCmqSubscriptionAttribute", { ...subscription, ...change });
  await does("PublishCmqMsg", { TopicName, MsgContent: awkward, MsgTag: ["c"] }, { Result: true });
  await fails("PublishCmqMsg", { TopicName, MsgContent: "x", MsgTag: ["z"] }, "FailedOperation");
  await does("ClearCmqSubscriptionFilterTags", subscription);
  await fails("DeleteCmqTopic", { TopicName }, "ResourceInUse");
  await does("DeleteCmqSubscribe", subscription);
  await does("DeleteCmqTopic", { TopicName });
  await fails("DeleteCmqTopic", { TopicName }, "ResourceNotFound");
  for (const name of [source.QueueName, QueueName]) await does("DeleteCmqQueue", { QueueName: name });
  await fails("CreateCmqQueue", { VisibilityTimeout: 1 }, "MissingParameter");
  await fails("CreateCmqQueue", { QueueName: "0" }, "InvalidParameterValue");
}

await run("node-post", clientOf());
await run("node-get", clientOf({}, { reqMethod: "GET" }));
await run("node-sha1", clientOf({ signMethod: "HmacSHA1" }));
await run("node-sha256-get", clientOf({ signMethod: "HmacSHA256" }, { reqMethod: "GET" }));
const wrong = clientOf({}, {}, { secretKey: "x" });
await refused("a wrong key", "AuthFailure.SignatureFailure", () => wrong["DescribeCmqQueues"]!({}));
const unknown = clientOf({}, {}, { secretId: "AKIDx" });
await refused("an unknown SecretId", "AuthFailure.SecretIdNotFound", () => unknown["DescribeCmqQueues"]!({}));
await refused("an unknown action", "InvalidAction", () => clientOf()["DescribeClusters"]!({}));
