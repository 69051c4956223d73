/**
 * Real: the server inside the test's process, its database, Tencent Cloud's SDK (API 3.0, `TC3-HMAC-SHA256`) over HTTP,
 * and a program that receives pushes. Nothing is faked.
 */
import { type IncomingMessage, request } from "node:http";
import { json } from "node:stream/consumers";
import { tdmq } from "tencentcloud-sdk-nodejs";
import { describe, expect, it } from "vitest";
import { startRecordingProxy } from "../clients/recording-proxy.ts";
import { appId } from "../harness/cmq/account.ts";
import type { KeyPair } from "../harness/cmq/account.ts";
import { awkwardTexts } from "../harness/cmq/awkward-texts.ts";
import { startPushReceiver } from "../harness/cmq/push-receiver.ts";
import { Qcloud } from "../harness/cmq/qcloudapi.ts";
import { useCmqServer } from "../harness/cmq/running-server.ts";
import { untilTrue } from "../harness/until.ts";

const given = useCmqServer();

function clientOf(pair: KeyPair = given().pair, host = new URL(given().server.url).host) {
  return new tdmq.v20200217.Client({
    credential: pair,
    region: "ap-guangzhou",
    profile: { httpProfile: { protocol: "http://", endpoint: host } },
  });
}

/** API 3.0 has no action that receives messages, so its users receive by API 2.0. */
const receiver20 = () => new Qcloud(given().server.url, given().pair, { method: "POST", signatureMethod: "sha256" });

const RequestId = expect.stringMatching(/\w/);
const messageId = expect.stringMatching(/^\d+$/);
const timeMs = expect.toSatisfy((value: unknown) => Math.abs(Number(value) - Date.now()) < 60_000);

describe("tencentcloud-sdk-nodejs", () => {
  it("creates, changes, describes and deletes topics", async () => {
    const client = clientOf();
    const TopicName = "tdmq-topic";
    const { TopicId, ...created } = await client.CreateCmqTopic({ TopicName, MaxMsgSize: 2048, FilterType: 1 });
    expect(created).toEqual({ RequestId });
    expect(await client.ModifyCmqTopicAttribute({ TopicName, MaxMsgSize: 65536 })).toEqual({ RequestId });
    const topic = {
      TopicId,
      TopicName,
      MaxMsgSize: 65536,
      MsgRetentionSeconds: 86400,
      FilterType: 1,
      MsgCount: 0,
      CreateTime: timeMs,
      LastModifyTime: timeMs,
    };
    expect(await client.DescribeCmqTopicDetail({ TopicName })).toEqual({
      TopicDescribe: expect.objectContaining(topic),
      RequestId,
    });
    expect(await client.DescribeCmqTopics({ TopicName: "dmq-top", Offset: 0, Limit: 20 })).toEqual({
      TotalCount: 1,
      TopicList: [expect.objectContaining(topic)],
      RequestId,
    });
    expect(await client.DeleteCmqTopic({ TopicName })).toEqual({ RequestId });
    await expect(client.DescribeCmqTopicDetail({ TopicName })).rejects.toMatchObject({ code: "ResourceNotFound" });
  });

  it("creates, changes, describes and deletes subscriptions, and publishes", async () => {
    await using receiver = await startPushReceiver("json");
    const client = clientOf();
    const TopicName = "tdmq-subscribed";
    await client.CreateCmqTopic({ TopicName, FilterType: 1 });
    const subscription = { TopicName, SubscriptionName: "tdmq-sub" };
    const { SubscriptionId } = await client.CreateCmqSubscribe({
      ...subscription,
      Protocol: "http",
      Endpoint: receiver.url,
      NotifyStrategy: "BACKOFF_RETRY",
      NotifyContentFormat: "JSON",
      FilterTag: ["a"],
    });
    const described = {
      SubscriptionId,
      SubscriptionName: "tdmq-sub",
      TopicOwner: appId,
      Protocol: "http",
      Endpoint: receiver.url,
      NotifyStrategy: "BACKOFF_RETRY",
      NotifyContentFormat: "JSON",
      FilterTags: ["a"],
      BindingKey: [],
      CreateTime: timeMs,
      LastModifyTime: timeMs,
      MsgCount: 0,
    };
    const describeSubscriptions = () => client.DescribeCmqSubscriptionDetail({ TopicName, Offset: 0, Limit: 20 });
    expect(await describeSubscriptions()).toEqual({
      TotalCount: 1,
      SubscriptionSet: [expect.objectContaining(described)],
      RequestId,
    });
    const change = { NotifyStrategy: "EXPONENTIAL_DECAY_RETRY", FilterTags: ["b", "c"] };
    expect(await client.ModifyCmqSubscriptionAttribute({ ...subscription, ...change })).toEqual({ RequestId });
    expect((await describeSubscriptions()).SubscriptionSet?.[0]).toMatchObject(change);

    const tagged = await client.PublishCmqMsg({ TopicName, MsgContent: "tagged", MsgTag: ["b"] });
    expect(tagged).toEqual({ Result: true, MsgId: messageId, RequestId });
    const unheard = client.PublishCmqMsg({ TopicName, MsgContent: "unheard", MsgTag: ["x"] });
    await expect(unheard).rejects.toMatchObject({ code: "FailedOperation" });
    expect(await client.ClearCmqSubscriptionFilterTags({ ...subscription })).toEqual({ RequestId });
    const wanted = new Map([[tagged.MsgId, "tagged"]]);
    for (const MsgContent of awkwardTexts) {
      const { MsgId } = await client.PublishCmqMsg({ TopicName, MsgContent });
      wanted.set(MsgId, MsgContent);
    }
    await untilTrue("all have been pushed", () => receiver.pushes.length >= wanted.size);
    expect(new Map(receiver.pushes.map(({ msgId, msgBody }) => [msgId ?? undefined, msgBody]))).toEqual(wanted);

    await expect(client.DeleteCmqTopic({ TopicName })).rejects.toMatchObject({ code: "ResourceInUse" });
    expect(await client.DeleteCmqSubscribe({ ...subscription })).toEqual({ RequestId });
    expect(await client.DeleteCmqTopic({ TopicName })).toEqual({ RequestId });
  });

  it("creates, changes, describes, fills, rewinds, clears and deletes queues", async () => {
    const client = clientOf();
    const qcloud = receiver20();
    const QueueName = "tdmq-queue";
    const { QueueId } = await client.CreateCmqQueue({ QueueName, VisibilityTimeout: 60, RewindSeconds: 3600 });
    const change = { MaxMsgHeapNum: 1_000_000, PollingWaitSeconds: 2, MaxMsgSize: 65536 };
    expect(await client.ModifyCmqQueueAttribute({ QueueName, ...change })).toEqual({ RequestId });
    const queue = {
      QueueId,
      QueueName,
      ...change,
      VisibilityTimeout: 60,
      RewindSeconds: 3600,
      MsgRetentionSeconds: 345600,
      ActiveMsgNum: 0,
      InactiveMsgNum: 0,
      DelayMsgNum: 0,
      RewindMsgNum: 0,
      CreateTime: timeMs,
      LastModifyTime: timeMs,
    };
    const describeQueue = async () => (await client.DescribeCmqQueueDetail({ QueueName })).QueueDescribe;
    expect(await describeQueue()).toMatchObject(queue);
    expect(await client.DescribeCmqQueues({ QueueName, Offset: 0, Limit: 20 })).toEqual({
      TotalCount: 1,
      QueueList: [expect.objectContaining(queue)],
      RequestId,
    });

    const startS = Math.floor(Date.now() / 1000) - 1;
    for (const MsgContent of awkwardTexts) {
      const sent = await client.SendCmqMsg({ QueueName, MsgContent, DelaySeconds: 0 });
      expect(sent).toEqual({ Result: true, MsgId: messageId, RequestId });
      const received = await qcloud.ok("ReceiveMessage", { queueName: QueueName });
      expect([received.msgId, received.msgBody]).toEqual([sent.MsgId, MsgContent]);
      await qcloud.ok("DeleteMessage", { queueName: QueueName, receiptHandle: received.receiptHandle ?? "" });
    }
    await client.SendCmqMsg({ QueueName, MsgContent: "later", DelaySeconds: 600 });
    expect(await describeQueue()).toMatchObject({ DelayMsgNum: 1, RewindMsgNum: awkwardTexts.length });
    expect(await client.RewindCmqQueue({ QueueName, StartConsumeTime: startS })).toEqual({ RequestId });
    expect((await qcloud.ok("ReceiveMessage", { queueName: QueueName })).msgBody).toBe(awkwardTexts[0]);

    expect(await client.ClearCmqQueue({ QueueName })).toEqual({ RequestId });
    expect(await describeQueue()).toMatchObject({ ActiveMsgNum: 0, InactiveMsgNum: 0, DelayMsgNum: 0 });
    expect((await qcloud.call("ReceiveMessage", { queueName: QueueName, pollingWaitSeconds: 0 })).code).toBe(7000);

    const dead = { DeadLetterQueueName: QueueName, Policy: 0, MaxReceiveCount: 5 };
    await client.CreateCmqQueue({ QueueName: "tdmq-source", ...dead });
    const describeSource = async () =>
      (await client.DescribeCmqQueueDetail({ QueueName: "tdmq-source" })).QueueDescribe;
    const policy = { DeadLetterQueue: QueueName, Policy: 0, MaxReceiveCount: 5 };
    expect((await describeSource())?.DeadLetterPolicy).toMatchObject(policy);
    expect(await client.UnbindCmqDeadLetter({ SourceQueueName: "tdmq-source" })).toEqual({ RequestId });
    expect((await describeSource())?.DeadLetterPolicy ?? null).toBeNull();

    for (const name of ["tdmq-source", QueueName]) {
      expect(await client.DeleteCmqQueue({ QueueName: name })).toEqual({ RequestId });
    }
    await expect(describeQueue()).rejects.toMatchObject({ code: "ResourceNotFound" });
  });

  it("is refused with a wrong key, an unknown key, and an unknown action", async () => {
    const { secretId, secretKey } = given().pair;
    const wrong = clientOf({ secretId, secretKey: `${secretKey}x` });
    await expect(wrong.DescribeCmqQueues({})).rejects.toMatchObject({ code: "AuthFailure.SignatureFailure" });
    const unknown = clientOf({ secretId: `${secretId}x`, secretKey });
    await expect(unknown.DescribeCmqQueues({})).rejects.toMatchObject({ code: "AuthFailure.SecretIdNotFound" });
    await expect(clientOf().DescribeClusters({})).rejects.toMatchObject({ code: "InvalidAction" });
    await expect(clientOf().CreateCmqQueue({ QueueName: "0bad" })).rejects.toMatchObject({
      code: "InvalidParameterValue",
    });
  });

  it("sends a message only once, although a captured request is sent again", async () => {
    await using proxy = await startRecordingProxy(given().server.url);
    const QueueName = "captured";
    await clientOf().CreateCmqQueue({ QueueName });
    await clientOf(given().pair, proxy.host).SendCmqMsg({ QueueName, MsgContent: "once", DelaySeconds: 0 });
    const [captured] = proxy.takeExchanges();
    if (captured === undefined) throw new Error("nothing was sent");
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const options = { method: captured.method, headers: captured.headers };
    request(given().server.url, options, resolve).on("error", reject).end(captured.body);
    const response = await promise;
    expect([response.statusCode, response.headers["content-type"]]).toEqual([200, "application/json"]);
    expect(await json(response)).toMatchObject({ Response: { Error: { Code: "AuthFailure.SignatureExpire" } } });
    expect((await clientOf().DescribeCmqQueueDetail({ QueueName })).QueueDescribe?.ActiveMsgNum).toBe(1);
  });
});
