/**
 * Real: the server inside the test's process, its database, cmq-sdk over HTTP, a program that receives pushes. Faked:
 * the addresses of CMQ's host names, and port 80. The SDK has no setting for the host, so the host names are redirected
 * as a line in /etc/hosts does. The SDK sends everything by POST and signs the host without a port.
 */
import { CMQ } from "cmq-sdk";
import { describe, expect, it } from "vitest";
import { appId } from "../harness/cmq/account.ts";
import { awkwardTexts } from "../harness/cmq/awkward-texts.ts";
import { startPushReceiver } from "../harness/cmq/push-receiver.ts";
import { useCmqServer } from "../harness/cmq/running-server.ts";
import type { CmqAnswer } from "../harness/cmq/signed-caller.ts";
import { pointTencentHostsAt } from "../harness/cmq/tencent-hosts.ts";
import { untilTrue } from "../harness/until.ts";

const given = useCmqServer();
const requestedHosts = pointTencentHostsAt(() => given().server.port);

/**
 * Returns an answer with a type, because the SDK declares little more than `any` for answers. Throws when the answer is
 * an error.
 */
async function ok<T = unknown>(answer: Promise<unknown>): Promise<CmqAnswer & T> {
  const { code, ...members } = (await answer) as CmqAnswer & T;
  if (code !== 0) throw new Error(`it was answered ${code}: ${JSON.stringify(members)}`);
  return { code, ...members } as CmqAnswer & T;
}

let calls = 0;

/**
 * The SDK draws nonces from ten thousand numbers, so two equal requests within one second can be identical, and the
 * server refuses the second one as a replay. Repeated requests therefore contain a parameter that the server ignores.
 */
function once<T extends object>(options: T): T {
  return { ...options, callNumber: ++calls };
}

const done = { code: 0, message: expect.any(String), requestId: expect.stringMatching(/^\d+$/) };
const messageId = expect.stringMatching(/^\d+$/);
const time = expect.any(Number);

describe.each(["HmacSHA1", "HmacSHA256"])("cmq-sdk with %s", (signatureMethod) => {
  const client = () =>
    CMQ.NEW({ ...given().pair, path: "/v2/index.php", signatureMethod, extranet: false, region: "gz" });
  const named = (name: string) => `${signatureMethod}-${name}`;

  it("creates, lists, changes, describes and deletes a topic", async () => {
    const cmq = client();
    const topicName = named("topic");
    const { topicId } = await ok(cmq.createTopic({ topicName, maxMsgSize: 4096, filterType: 1 }));
    const listed = { ...done, totalCount: 1, topicList: [{ topicId, topicName }] };
    expect(await ok(cmq.listTopic({ searchWord: topicName, offset: 0, limit: 10 }))).toEqual(listed);
    expect(await ok(cmq.setTopicAttributes({ topicName, maxMsgSize: 65536 }))).toEqual(done);
    expect(await ok(cmq.getTopicAttributes({ topicName }))).toEqual({
      ...done,
      msgCount: 0,
      maxMsgSize: 65536,
      msgRetentionSeconds: 86400,
      createTime: time,
      lastModifyTime: time,
      filterType: 1,
    });
    expect(await ok(cmq.deleteTopic({ topicName }))).toEqual(done);
    expect(requestedHosts).toContain("cmq-topic-gz.api.tencentyun.com");
  });

  it("subscribes, publishes, and calls every action of subscriptions", async () => {
    await using receiver = await startPushReceiver("json");
    const cmq = client();
    const topicName = named("subscribed");
    await ok(cmq.createTopic({ topicName, filterType: 1 }));
    const subscription = { topicName, subscriptionName: "sub" };
    const address = { protocol: "http", endpoint: receiver.url };
    const wanting = { ...subscription, ...address, filterTag: ["a", "b"], notifyContentFormat: "JSON" };
    const subscriptionId = expect.stringMatching(/^subsc-/);
    expect(await ok(cmq.subscribe({ ...wanting, notifyStrategy: "BACKOFF_RETRY" }))).toEqual({
      ...done,
      subscriptionId,
    });
    expect(await ok(cmq.listSubscriptionByTopic({ topicName }))).toEqual({
      ...done,
      totalCount: 1,
      subscriptionList: [{ subscriptionId: expect.stringMatching(/^subsc-/), subscriptionName: "sub", ...address }],
    });
    const strategy = { notifyStrategy: "EXPONENTIAL_DECAY_RETRY" };
    expect(await ok(cmq.setSubscriptionAttributes({ ...subscription, ...strategy, filterTag: ["c"] }))).toEqual(done);
    const attributes = {
      ...done,
      ...address,
      ...strategy,
      topicOwner: appId,
      msgCount: 0,
      protocal: "http",
      notifyContentFormat: "JSON",
      createTime: time,
      lastModifyTime: time,
      bindingKey: [],
      filterTag: ["c"],
      filterTags: ["c"],
    };
    expect(await ok(cmq.getSubscriptionAttributes({ ...subscription }))).toEqual(attributes);

    const tagged = await ok(cmq.publishMessage({ topicName, msgBody: "tagged 标", msgTag: ["c", "d"] }));
    await expect(cmq.publishMessage({ topicName, msgBody: "nobody's", msgTag: ["d"] })).resolves.toMatchObject({
      code: 6030,
      message: expect.stringMatching(/^\(10730\)/),
    });
    expect(await ok(cmq.clearSubscriptionFilterTags({ ...subscription }))).toEqual(done);
    const cleared = { ...attributes, filterTag: [], filterTags: [], msgCount: time };
    expect(await ok(cmq.getSubscriptionAttributes({ ...subscription }))).toEqual(cleared);

    const batch = await ok<{ msgList: { msgId: string }[] }>(
      cmq.batchPublishMessage({ topicName, msgBody: awkwardTexts.slice(0, -1) }),
    );
    expect(batch.msgList).toEqual(awkwardTexts.slice(0, -1).map(() => ({ msgId: messageId })));
    await untilTrue("all have been pushed", () => receiver.pushes.length >= awkwardTexts.length);
    const pushed = new Map(receiver.pushes.map(({ msgId, msgBody }) => [msgId, msgBody]));
    expect(pushed).toEqual(
      new Map([
        [tagged.msgId, "tagged 标"],
        ...batch.msgList.map(({ msgId }, index) => [msgId, awkwardTexts[index]] as const),
      ]),
    );

    expect(await ok(cmq.unsubscribe({ ...subscription }))).toEqual(done);
    expect(await ok(cmq.deleteTopic({ topicName }))).toEqual(done);
  });

  it("calls every action of queues and their messages", async () => {
    const cmq = client();
    const queueName = named("queue");
    const { queueId } = await ok(cmq.createQueue({ queueName, visibilityTimeout: 60 }));
    expect(await ok(cmq.listQueue({ searchWord: queueName }))).toEqual({
      ...done,
      totalCount: 1,
      queueList: [{ queueId, queueName }],
    });
    const change = { maxMsgHeapNum: 1_000_000, pollingWaitSeconds: 1, msgRetentionSeconds: 3600, rewindSeconds: 3600 };
    expect(await ok(cmq.setQueueAttributes({ queueName, ...change }))).toEqual(done);
    expect(await ok(cmq.getQueueAttributes({ queueName }))).toEqual({
      ...done,
      ...change,
      visibilityTimeout: 60,
      maxMsgSize: 65536,
      createTime: time,
      lastModifyTime: time,
      activeMsgNum: 0,
      inactiveMsgNum: 0,
      delayMsgNum: 0,
      rewindmsgNum: 0,
      rewindMsgNum: 0,
      minMsgTime: 0,
    });

    const startConsumeTime = Math.floor(Date.now() / 1000) - 1;
    for (const msgBody of awkwardTexts) {
      const { msgId } = await ok(cmq.sendMessage({ queueName, msgBody }));
      const received = await ok<{ receiptHandle: string }>(
        cmq.receiveMessage(once({ queueName, pollingWaitSeconds: 0 })),
      );
      expect([received.msgId, received.msgBody, received.dequeueCount]).toEqual([msgId, msgBody, 1]);
      expect(await ok(cmq.deleteMessage({ queueName, receiptHandle: received.receiptHandle }))).toEqual(done);
    }
    expect(await ok(cmq.rewindQueue({ queueName, startConsumeTime }))).toEqual(done);
    const again = await ok<{ msgInfoList: { msgBody: string; receiptHandle: string }[] }>(
      cmq.batchReceiveMessage({ queueName, numOfMsg: 16 }),
    );
    expect(again.msgInfoList.map(({ msgBody }) => msgBody)).toEqual(awkwardTexts);
    const receiptHandle = again.msgInfoList.map((message) => message.receiptHandle);
    expect(await ok(cmq.batchDeleteMessage({ queueName, receiptHandle }))).toMatchObject(done);

    const waiting = ok(cmq.receiveMessage({ queueName, pollingWaitSeconds: 9 }));
    const sent = await ok<{ msgList: unknown[] }>(
      cmq.batchSendMessage({ queueName, msgBody: ["one", "two"], delaySeconds: 0 }),
    );
    expect(sent.msgList).toHaveLength(2);
    expect((await waiting).msgBody).toBe("one");
    expect(await ok(cmq.deleteQueue({ queueName }))).toEqual(done);
    expect(requestedHosts).toContain("cmq-queue-gz.api.tencentyun.com");
  });
});

it("refuses the SDK's second request with the same options object, because the SDK signs the first signature too", async () => {
  const cmq = CMQ.NEW({
    ...given().pair,
    path: "/v2/index.php",
    signatureMethod: "HmacSHA1",
    extranet: false,
    region: "gz",
  });
  const options = { searchWord: "nothing-of-the-kind" };
  await ok(cmq.listQueue(options));
  expect(await cmq.listQueue(options)).toMatchObject({ code: 4100, message: expect.stringMatching(/^\(10030\)/) });
});
