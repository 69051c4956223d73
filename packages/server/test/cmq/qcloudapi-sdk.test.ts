/**
 * Real: the server inside the test's process, its database, Tencent's own qcloudapi-sdk over HTTP, programs that
 * receive pushes with Ringback's SDK. Nothing is faked. The SDK sends by GET and POST, and signs with SHA1 and SHA256.
 */
import { describe, expect, it } from "vitest";
import { untilTrue } from "../harness/until.ts";
import { appId } from "../harness/cmq/account.ts";
import { awkwardTexts } from "../harness/cmq/awkward-texts.ts";
import { startPushReceiver } from "../harness/cmq/push-receiver.ts";
import { Qcloud } from "../harness/cmq/qcloudapi.ts";
import { useCmqServer } from "../harness/cmq/running-server.ts";

const given = useCmqServer();

const ways = [
  { method: "GET", signatureMethod: "sha1" },
  { method: "GET", signatureMethod: "sha256" },
  { method: "POST", signatureMethod: "sha1" },
  { method: "POST", signatureMethod: "sha256" },
] as const;

const messageId = expect.stringMatching(/^\d+$/);
const ok = { code: 0, message: expect.any(String), requestId: expect.stringMatching(/^\d+$/) };
const nowS = () => Math.floor(Date.now() / 1000);
/** Matches a time in whole seconds that is at most a minute from now. */
const isNow = expect.toSatisfy((value: unknown) => Number.isInteger(value) && Math.abs(Number(value) - nowS()) <= 60);

describe.each(ways)("qcloudapi-sdk by $method with $signatureMethod", (way) => {
  const prefix = `${way.method}-${way.signatureMethod}-`;
  const named = (name: string) => `${prefix}${name}`;
  const client = () => new Qcloud(given().server.url, given().pair, way);

  it("creates, changes, describes, lists and deletes topics", async () => {
    const qcloud = client();
    const [topicName, routed] = [named("topic"), named("routed")];
    const created = await qcloud.ok("CreateTopic", { topicName });
    expect(created).toEqual({ ...ok, topicId: expect.stringMatching(/^topic-[a-z\d]{8,}$/) });
    const second = await qcloud.ok("CreateTopic", { topicName: routed, filterType: 2, maxMsgSize: 2048 });

    const attributes = {
      ...ok,
      msgCount: 0,
      maxMsgSize: 65536,
      msgRetentionSeconds: 86400,
      createTime: isNow,
      lastModifyTime: isNow,
      filterType: 1,
    };
    expect(await qcloud.ok("GetTopicAttributes", { topicName })).toEqual(attributes);
    const ofRouted = { ...attributes, maxMsgSize: 2048, filterType: 2 };
    expect(await qcloud.ok("GetTopicAttributes", { topicName: routed })).toEqual(ofRouted);

    expect(await qcloud.ok("SetTopicAttributes", { topicName, maxMsgSize: 1024 })).toEqual(ok);
    expect(await qcloud.ok("GetTopicAttributes", { topicName })).toEqual({ ...attributes, maxMsgSize: 1024 });

    const both = [
      { topicId: second["topicId"], topicName: routed },
      { topicId: created["topicId"], topicName },
    ];
    expect(await qcloud.ok("ListTopic", { searchWord: prefix })).toEqual({ ...ok, totalCount: 2, topicList: both });
    const page = { searchWord: prefix, offset: 1, limit: 1 };
    expect(await qcloud.ok("ListTopic", page)).toEqual({ ...ok, totalCount: 2, topicList: both.slice(1) });
    const none = { ...ok, totalCount: 0, topicList: [] };
    expect(await qcloud.ok("ListTopic", { searchWord: named("nothing-of-the-kind") })).toEqual(none);

    for (const name of [topicName, routed]) expect(await qcloud.ok("DeleteTopic", { topicName: name })).toEqual(ok);
    expect(await qcloud.ok("ListTopic", { searchWord: prefix })).toEqual(none);
  });

  it("subscribes by tag, describes, lists and unsubscribes", async () => {
    await using receiver = await startPushReceiver("json");
    await using simplified = await startPushReceiver("simplified");
    const qcloud = client();
    const topicName = named("tagged");
    await qcloud.ok("CreateTopic", { topicName });
    const one = { topicName, subscriptionName: named("one") };
    const other = { topicName, subscriptionName: named("other") };
    const address = { protocol: "http", endpoint: receiver.url };
    const wanting = { ...address, filterTag: ["red", "green"], notifyStrategy: "BACKOFF_RETRY" };
    const subscribed = { ...ok, subscriptionId: expect.stringMatching(/^subsc-/) };
    expect(await qcloud.ok("Subscribe", { ...one, ...wanting })).toEqual(subscribed);
    const toSimplified = { protocol: "http", endpoint: simplified.url, notifyContentFormat: "SIMPLIFIED" };
    expect(await qcloud.ok("Subscribe", { ...other, ...toSimplified })).toEqual(subscribed);

    const attributes = {
      ...ok,
      topicOwner: appId,
      msgCount: 0,
      protocol: "http",
      protocal: "http",
      endpoint: receiver.url,
      notifyStrategy: "BACKOFF_RETRY",
      notifyContentFormat: "JSON",
      createTime: isNow,
      lastModifyTime: isNow,
      bindingKey: [],
      filterTag: ["red", "green"],
      filterTags: ["red", "green"],
    };
    expect(await qcloud.ok("GetSubscriptionAttributes", one)).toEqual(attributes);
    const ofOther = {
      ...attributes,
      endpoint: simplified.url,
      notifyStrategy: "EXPONENTIAL_DECAY_RETRY",
      notifyContentFormat: "SIMPLIFIED",
      filterTag: [],
      filterTags: [],
    };
    expect(await qcloud.ok("GetSubscriptionAttributes", other)).toEqual(ofOther);

    const subscriptionId = expect.stringMatching(/^subsc-[a-z\d]{8,}$/);
    const listed = [
      { subscriptionId, subscriptionName: one.subscriptionName, ...address },
      { subscriptionId, subscriptionName: other.subscriptionName, protocol: "http", endpoint: simplified.url },
    ];
    const list = (options: object) => qcloud.ok("ListSubscriptionByTopic", { topicName, ...options });
    expect(await list({})).toEqual({ ...ok, totalCount: 2, subscriptionList: listed });
    expect(await list({ offset: 1, limit: 5 })).toMatchObject({ totalCount: 2, subscriptionList: listed.slice(1) });
    expect(await list({ searchWord: "OTHER" })).toMatchObject({ totalCount: 1, subscriptionList: listed.slice(1) });

    for (const subscription of [one, other]) expect(await qcloud.ok("Unsubscribe", subscription)).toEqual(ok);
    expect(await list({})).toEqual({ ...ok, totalCount: 0, subscriptionList: [] });
    await qcloud.ok("DeleteTopic", { topicName });
  });

  it("changes and clears the tags of a subscription, and each message goes to the matching subscriptions", async () => {
    await using receiver = await startPushReceiver("json");
    await using simplified = await startPushReceiver("simplified");
    const qcloud = client();
    const topicName = named("changed");
    await qcloud.ok("CreateTopic", { topicName });
    const one = { topicName, subscriptionName: named("one") };
    const other = { topicName, subscriptionName: named("other") };
    await qcloud.ok("Subscribe", { ...one, protocol: "http", endpoint: receiver.url, filterTag: ["red", "green"] });
    const toSimplified = { protocol: "http", endpoint: simplified.url, notifyContentFormat: "SIMPLIFIED" };
    await qcloud.ok("Subscribe", { ...other, ...toSimplified });

    const red = await qcloud.ok("PublishMessage", { topicName, msgBody: "to both", msgTag: ["red", "blue"] });
    expect(red).toEqual({ ...ok, msgId: messageId });
    const blue = await qcloud.ok("PublishMessage", { topicName, msgBody: "to one", msgTag: ["blue"] });
    await untilTrue("both have come", () => receiver.pushes.length === 1 && simplified.pushes.length === 2);
    const push = { topicOwner: String(appId), topicName, subscriptionName: one.subscriptionName };
    const tags = ["red", "blue"];
    expect(receiver.pushes).toEqual([{ ...push, msgId: red.msgId, msgBody: "to both", tags }]);
    expect(simplified.pushes.map(({ msgId, msgBody, tags }) => ({ msgId, msgBody, tags }))).toEqual(
      expect.arrayContaining([
        { msgId: red.msgId, msgBody: "to both", tags },
        { msgId: blue.msgId, msgBody: "to one", tags: ["blue"] },
      ]),
    );

    const change = { notifyStrategy: "EXPONENTIAL_DECAY_RETRY", filterTag: ["blue"] };
    expect(await qcloud.ok("SetSubscriptionAttributes", { ...one, ...change })).toEqual(ok);
    const changed = { endpoint: receiver.url, notifyContentFormat: "JSON", ...change, filterTags: ["blue"] };
    expect(await qcloud.ok("GetSubscriptionAttributes", one)).toMatchObject(changed);
    const blueToo = await qcloud.ok("PublishMessage", { topicName, msgBody: "blue", msgTag: ["blue"] });
    await untilTrue("it has come", () => receiver.pushes.some(({ msgId }) => msgId === blueToo.msgId));

    for (const action of ["ClearSubscriptionFilterTags", "ClearSUbscriptionFIlterTags"]) {
      await qcloud.ok("SetSubscriptionAttributes", { ...one, filterTag: ["blue"] });
      expect(await qcloud.ok(action, one)).toEqual(ok);
      expect(await qcloud.ok("GetSubscriptionAttributes", one)).toMatchObject({ filterTag: [], filterTags: [] });
    }
    const untagged = await qcloud.ok("PublishMessage", { topicName, msgBody: "no tag" });
    await untilTrue("it has come", () => receiver.pushes.some(({ msgId }) => msgId === untagged.msgId));

    expect((await qcloud.call("DeleteTopic", { topicName })).message).toMatch(/^\(10540\)/);
    for (const subscription of [one, other]) expect(await qcloud.ok("Unsubscribe", subscription)).toEqual(ok);
    await qcloud.ok("DeleteTopic", { topicName });
  });

  it("publishes by routing key, and in batches, to a program and to a queue", async () => {
    await using receiver = await startPushReceiver("json");
    const qcloud = client();
    const [topicName, queueName] = [named("by-route"), named("fed")];
    await qcloud.ok("CreateTopic", { topicName, filterType: 2 });
    await qcloud.ok("CreateQueue", { queueName });
    const pushed = { topicName, subscriptionName: named("pushed") };
    const fed = { topicName, subscriptionName: named("feeds") };
    await qcloud.ok("Subscribe", { ...pushed, protocol: "http", endpoint: receiver.url, bindingKey: ["1.*.0", "2.#"] });
    const toQueue = { protocol: "queue", endpoint: queueName, notifyContentFormat: "SIMPLIFIED" };
    await qcloud.ok("Subscribe", { ...fed, ...toQueue, bindingKey: ["#"] });
    expect(await qcloud.ok("GetSubscriptionAttributes", fed)).toMatchObject({ ...toQueue, bindingKey: ["#"] });
    expect(await qcloud.ok("GetSubscriptionAttributes", pushed)).toMatchObject({ bindingKey: ["1.*.0", "2.#"] });

    const single = await qcloud.ok("PublishMessage", { topicName, msgBody: "single", routingKey: "1.any.0" });
    const msgBody = Array.from({ length: 16 }, (_, index) => `batch ${index} 批`);
    const batch = await qcloud.ok("BatchPublishMessage", { topicName, msgBody, routingKey: "2" });
    const { msgList } = batch as unknown as { msgList: { msgId: string }[] };
    expect(msgList).toEqual(msgBody.map(() => ({ msgId: messageId })));
    await qcloud.ok("PublishMessage", { topicName, msgBody: "for the queue alone", routingKey: "1.0" });

    const wanted = new Map([[single.msgId, "single"], ...msgBody.map((body, i) => [msgList[i]?.msgId, body] as const)]);
    await untilTrue("all have been pushed", () => receiver.pushes.length >= 17);
    expect(new Map(receiver.pushes.map(({ msgId, msgBody }) => [msgId, msgBody]))).toEqual(wanted);

    const fetched: string[] = [];
    while (fetched.length < 18) {
      const answer = await qcloud.ok("BatchReceiveMessage", { queueName, numOfMsg: 16, pollingWaitSeconds: 20 });
      const { msgInfoList } = answer as unknown as { msgInfoList: { msgBody: string }[] };
      fetched.push(...msgInfoList.map(({ msgBody }) => msgBody));
    }
    expect(fetched.sort()).toEqual(["for the queue alone", "single", ...msgBody].sort());
  });

  it("creates, changes, describes, lists and deletes queues", async () => {
    const qcloud = client();
    const queueName = named("queue");
    const created = await qcloud.ok("CreateQueue", { queueName });
    expect(created).toEqual({ ...ok, queueId: expect.stringMatching(/^queue-[a-z\d]{8,}$/) });
    const attributes = {
      ...ok,
      maxMsgHeapNum: expect.any(Number),
      pollingWaitSeconds: 0,
      visibilityTimeout: 30,
      maxMsgSize: 65536,
      msgRetentionSeconds: 345600,
      rewindSeconds: 0,
      createTime: isNow,
      lastModifyTime: isNow,
      activeMsgNum: 0,
      inactiveMsgNum: 0,
      delayMsgNum: 0,
      rewindmsgNum: 0,
      rewindMsgNum: 0,
      minMsgTime: 0,
    };
    expect(await qcloud.ok("GetQueueAttributes", { queueName })).toEqual(attributes);
    const change = {
      maxMsgHeapNum: 2_000_000,
      pollingWaitSeconds: 3,
      visibilityTimeout: 43200,
      maxMsgSize: 1024,
      msgRetentionSeconds: 1296000,
      rewindSeconds: 60,
    };
    expect(await qcloud.ok("SetQueueAttributes", { queueName, ...change })).toEqual(ok);
    expect(await qcloud.ok("GetQueueAttributes", { queueName })).toEqual({ ...attributes, ...change });
    const other = named("queue-2");
    const deadLetters = { deadLetterQueueName: queueName, policy: 0, maxReceiveCount: 3 };
    await qcloud.ok("CreateQueue", { queueName: other, ...change, ...deadLetters });
    expect(await qcloud.ok("GetQueueAttributes", { queueName: other })).toMatchObject(change);

    const queueList = [
      { queueId: created["queueId"], queueName },
      { queueId: expect.any(String), queueName: other },
    ];
    const list = (options: object) => qcloud.ok("ListQueue", { searchWord: named("queue"), ...options });
    expect(await list({})).toEqual({ ...ok, totalCount: 2, queueList });
    expect(await list({ offset: 1, limit: 1 })).toEqual({ ...ok, totalCount: 2, queueList: queueList.slice(1) });

    for (const name of [other, queueName]) expect(await qcloud.ok("DeleteQueue", { queueName: name })).toEqual(ok);
    expect(await list({})).toEqual({ ...ok, totalCount: 0, queueList: [] });
    expect((await qcloud.call("GetQueueAttributes", { queueName })).code).toBe(4440);
  });

  it("sends, counts, receives and deletes", async () => {
    const qcloud = client();
    const queueName = named("work");
    await qcloud.ok("CreateQueue", { queueName, rewindSeconds: 3600 });
    const counts = async () => {
      const all = await qcloud.ok("GetQueueAttributes", { queueName });
      return ["activeMsgNum", "inactiveMsgNum", "delayMsgNum", "rewindmsgNum"].map((name) => all[name]);
    };
    expect(await qcloud.call("ReceiveMessage", { queueName })).toMatchObject({ code: 7000 });

    const before = nowS();
    const sent = await qcloud.ok("SendMessage", { queueName, msgBody: "first" });
    expect(sent).toEqual({ ...ok, msgId: messageId });
    const batch = await qcloud.ok("BatchSendMessage", { queueName, msgBody: ["second", "third"] });
    expect(batch).toEqual({ ...ok, msgList: [{ msgId: messageId }, { msgId: messageId }] });
    await qcloud.ok("SendMessage", { queueName, msgBody: "much later", delaySeconds: 3600 });
    expect(await counts()).toEqual([3, 0, 1, 0]);
    expect((await qcloud.ok("GetQueueAttributes", { queueName }))["minMsgTime"]).toEqual(isNow);

    const first = await qcloud.ok("ReceiveMessage", { queueName, pollingWaitSeconds: 1, UserpollingWaitSeconds: 4 });
    expect(first).toEqual({
      ...ok,
      msgBody: "first",
      msgId: sent.msgId,
      receiptHandle: expect.stringMatching(/^[a-zA-Z\d%#:_-]{1,256}$/),
      enqueueTime: isNow,
      firstDequeueTime: isNow,
      nextVisibleTime: isNow,
      dequeueCount: 1,
    });
    expect(first.nextVisibleTime).toBeGreaterThanOrEqual(before + 30);
    expect(await counts()).toEqual([2, 1, 1, 0]);
    const rest = await qcloud.ok("BatchReceiveMessage", { queueName, numOfMsg: 16 });
    const { msgInfoList } = rest as unknown as { msgInfoList: { msgBody: string; receiptHandle: string }[] };
    expect(msgInfoList.map(({ msgBody }) => msgBody)).toEqual(["second", "third"]);
    expect(await counts()).toEqual([0, 3, 1, 0]);

    const receiptHandle = first.receiptHandle ?? "";
    expect(await qcloud.ok("DeleteMessage", { queueName, receiptHandle })).toEqual(ok);
    expect(await qcloud.call("DeleteMessage", { queueName, receiptHandle })).toMatchObject({ code: 4430 });
    const [second = "", third = ""] = msgInfoList.map(({ receiptHandle }) => receiptHandle);
    expect(
      await qcloud.call("BatchDeleteMessage", { queueName, receiptHandle: [second, receiptHandle, third] }),
    ).toEqual({
      code: 6010,
      message: expect.stringMatching(/^\(10150\)/),
      requestId: ok.requestId,
      errorList: [{ code: 4430, message: expect.stringMatching(/^\(10260\)/), receiptHandle }],
    });
    expect(await counts()).toEqual([0, 0, 1, 3]);

    expect(await qcloud.ok("RewindQueue", { queueName, startConsumeTime: before - 1 })).toEqual(ok);
    const again = await qcloud.ok("BatchReceiveMessage", { queueName, numOfMsg: 16 });
    const list = (again as unknown as { msgInfoList: { msgBody: string }[] }).msgInfoList;
    expect(list.map(({ msgBody }) => msgBody)).toEqual(["first", "second", "third"]);
  });

  it("delivers every text unchanged, by a topic to a program and by a queue", async () => {
    await using receiver = await startPushReceiver("json");
    const qcloud = client();
    // With GET, the text is part of the URL. A Node server accepts at most 16 KiB of headers, including the URL.
    const texts = awkwardTexts.filter((text) => way.method === "POST" || text.length < 4096);
    const [topicName, queueName] = [named("texts"), named("texts")];
    await qcloud.ok("CreateTopic", { topicName });
    await qcloud.ok("Subscribe", { topicName, subscriptionName: "all", protocol: "http", endpoint: receiver.url });
    await qcloud.ok("CreateQueue", { queueName });
    for (const msgBody of texts) {
      // No action has these parameters. Their names have underscores, which the SDK signs in an unusual form.
      const odd = { _own: "1", own_key_: msgBody.slice(0, 9), msgTag: ["a_b"] };
      const { msgId } = await qcloud.ok("PublishMessage", { topicName, msgBody, ...odd });
      const sent = await qcloud.ok("SendMessage", { queueName, msgBody, ...odd });
      const received = await qcloud.ok("ReceiveMessage", { queueName });
      expect([received.msgId, received.msgBody]).toEqual([sent.msgId, msgBody]);
      await untilTrue("it has been pushed", () => receiver.pushes.some((push) => push.msgId === msgId));
      expect(receiver.pushes.find((push) => push.msgId === msgId)).toMatchObject({ msgBody, tags: ["a_b"] });
    }
    expect((await qcloud.call("SendMessage", { queueName, msgBody: "" })).message).toMatch(/^\(10120\)/);
    expect((await qcloud.call("PublishMessage", { topicName, msgBody: "" })).message).toMatch(/^\(10120\)/);
  });

  it("waits for a message, and no longer than requested", async () => {
    const qcloud = client();
    const queueName = named("waiting");
    await qcloud.ok("CreateQueue", { queueName, pollingWaitSeconds: 30 });
    expect((await qcloud.call("ReceiveMessage", { queueName, pollingWaitSeconds: 0 })).code).toBe(7000);
    const waiting = qcloud.ok("ReceiveMessage", { queueName });
    await qcloud.ok("SendMessage", { queueName, msgBody: "at last" });
    expect((await waiting).msgBody).toBe("at last");
  });
});

it("delivers a message again after its visibility timeout, and moves it to the dead letters after the maximum of receives", async () => {
  const qcloud = new Qcloud(given().server.url, given().pair, ways[3]);
  await qcloud.ok("CreateQueue", { queueName: "never-done" });
  const settings = { visibilityTimeout: 1, deadLetterQueueName: "never-done", policy: 0, maxReceiveCount: 2 };
  await qcloud.ok("CreateQueue", { queueName: "retried", ...settings });
  const { msgId } = await qcloud.ok("SendMessage", { queueName: "retried", msgBody: "poison" });
  const take = (queueName: string) => qcloud.call("ReceiveMessage", { queueName, pollingWaitSeconds: 9 });
  const first = await take("retried");
  const second = await take("retried");
  expect([first.msgId, first.dequeueCount, second.msgId, second.dequeueCount]).toEqual([msgId, 1, msgId, 2]);
  expect(second["firstDequeueTime"]).toBe(first["firstDequeueTime"]);
  expect(Number(second["nextVisibleTime"])).toBeGreaterThan(Number(first["nextVisibleTime"]));
  const late = await qcloud.call("DeleteMessage", { queueName: "retried", receiptHandle: first.receiptHandle ?? "" });
  expect(late.code).toBe(4430);
  // Instead of being received a third time, the message moves to the dead-letter queue.
  const third = take("retried");
  const dead = await take("never-done");
  expect([dead.msgBody, dead.dequeueCount]).toEqual(["poison", 1]);
  await qcloud.ok("SendMessage", { queueName: "retried", msgBody: "wholesome" });
  expect((await third).msgBody).toBe("wholesome");
});
