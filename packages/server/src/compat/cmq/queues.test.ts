import { beforeEach, describe, expect, it, vi } from "vitest";
import { recordedAtMs } from "./testing/recorded-requests.ts";
import { cmqScene, secretId, type Params, type Scene } from "./testing/scene.ts";

// Real: the HTTP application, the CMQ API. Faked: the clock, the queues (in memory). The test advances the clock.
let scene: Scene;
beforeEach(async () => {
  scene = await cmqScene();
});

const q = { queueName: "work" };
const nowS = recordedAtMs / 1000;
const receiptHandles = (handles: readonly string[]) =>
  Object.fromEntries(handles.map((handle, n) => [`receiptHandle.${n}`, handle]));

describe("queues", () => {
  it("are created with the documented defaults, read, changed, listed and deleted", async () => {
    const made = await scene.call("CreateQueue", q);
    expect(made).toMatchObject({ code: 0, queueId: expect.stringMatching(/^queue-[a-z\d]{8}$/) as string });
    expect(await scene.call("GetQueueAttributes", q)).toEqual({
      code: 0,
      message: "",
      requestId: expect.any(String) as string,
      maxMsgHeapNum: 10_000_000,
      pollingWaitSeconds: 0,
      visibilityTimeout: 30,
      maxMsgSize: 65_536,
      msgRetentionSeconds: 345_600,
      createTime: nowS,
      lastModifyTime: nowS,
      activeMsgNum: 0,
      inactiveMsgNum: 0,
      delayMsgNum: 0,
      rewindSeconds: 0,
      rewindmsgNum: 0,
      rewindMsgNum: 0,
      minMsgTime: 0,
    });
    await scene.call("SetQueueAttributes", { ...q, visibilityTimeout: 60, rewindSeconds: 100 });
    expect(await scene.call("GetQueueAttributes", q)).toMatchObject({
      visibilityTimeout: 60,
      rewindSeconds: 100,
      maxMsgSize: 65_536,
    });
    expect(await scene.call("ListQueue", { searchWord: "OR" })).toMatchObject({
      totalCount: 1,
      queueList: [{ queueId: made["queueId"], queueName: "work" }],
    });
    expect(await scene.code("DeleteQueue", q)).toBe("0");
    expect(await scene.code("DeleteQueue", q)).toBe("4440/10100");
  });

  it("may have a dead-letter queue, by receives or by time", async () => {
    await scene.call("CreateQueue", { queueName: "dead" });
    const dead = { deadLetterQueueName: "dead" };
    expect(await scene.code("CreateQueue", { queueName: "a", ...dead, policy: 0, maxReceiveCount: 3 })).toBe("0");
    expect(
      await scene.code("CreateQueue", { queueName: "b", deadLetterQueue: "dead", policy: 1, maxTimeToLive: 300 }),
    ).toBe("0");
    expect(await scene.call("GetQueueAttributes", { queueName: "a" })).toMatchObject({
      deadLetterPolicy: { deadLetterQueueName: "dead", policy: 0, maxReceiveCount: 3 },
    });
    expect(await scene.call("GetQueueAttributes", { queueName: "b" })).toMatchObject({
      deadLetterPolicy: { deadLetterQueueName: "dead", policy: 1, maxTimeToLive: 300 },
    });
  });

  it.each<[Params, string]>([
    [{ queueName: "a b" }, "4000/10020"],
    [{ queueName: "queue:x" }, "4000/10020"],
    [{ maxMsgHeapNum: 0 }, "4000/10350"],
    [{ visibilityTimeout: 0 }, "4000/10350"],
    [{ visibilityTimeout: 43_201 }, "4000/10350"],
    [{ maxMsgSize: 1 }, "4000/10350"],
    [{ msgRetentionSeconds: 59 }, "4000/10350"],
    [{ msgRetentionSeconds: 1_296_001 }, "4000/10350"],
    [{ msgRetentionSeconds: 60, rewindSeconds: 61 }, "4000/10350"],
    [{ pollingWaitSeconds: "x" }, "4000/10360"],
    [{ transaction: 1 }, "4000/10110"],
    [{ deadLetterQueueName: "nothing", maxReceiveCount: 1 }, "4440/10100"],
    [{ deadLetterQueueName: "1", maxReceiveCount: 1 }, "4000/10020"],
    [{ deadLetterQueueName: "x" }, "4000/10390"],
    [{ deadLetterQueueName: "x", policy: 1 }, "4000/10390"],
    [{ deadLetterQueueName: "x", policy: 2 }, "4000/10350"],
    [{ deadLetterQueueName: "x", maxReceiveCount: 1001 }, "4000/10350"],
    [{ deadLetterQueueName: "x", policy: 1, maxTimeToLive: 299 }, "4000/10350"],
    [{ deadLetterQueueName: "x", policy: 1, maxTimeToLive: 300, msgRetentionSeconds: 300 }, "4000/10350"],
  ])("%j is %s", async (params, code) => {
    expect(await scene.code("CreateQueue", { ...q, ...params })).toBe(code);
    expect((await scene.call("ListQueue"))["totalCount"]).toBe(0);
  });

  it("cannot have names that differ only in case", async () => {
    await scene.call("CreateQueue", q);
    expect(await scene.code("CreateQueue", { queueName: "WORK" })).toBe("4460/10550");
  });

  it.each(["GetQueueAttributes", "SetQueueAttributes", "DeleteQueue", "ReceiveMessage"])(
    "that are not there are told so: %s",
    async (action) => {
      expect(await scene.code(action, q)).toBe("4440/10100");
    },
  );
});

describe("messages of a queue", () => {
  beforeEach(async () => {
    await scene.call("CreateQueue", { ...q, maxMsgSize: 1024, maxMsgHeapNum: 20, rewindSeconds: 100 });
  });

  it("are sent, received, deleted and rewound", async () => {
    const { msgId } = await scene.call("SendMessage", { ...q, msgBody: "中文 +&=" });
    const received = await scene.call("ReceiveMessage", q);
    expect(received).toEqual({
      code: 0,
      message: "",
      requestId: expect.any(String) as string,
      msgBody: "中文 +&=",
      msgId,
      receiptHandle: expect.stringMatching(/^[a-zA-Z\d-]+$/) as string,
      enqueueTime: nowS,
      firstDequeueTime: nowS,
      nextVisibleTime: nowS + 30,
      dequeueCount: 1,
    });
    expect(await scene.call("GetQueueAttributes", q)).toMatchObject({
      activeMsgNum: 0,
      inactiveMsgNum: 1,
      minMsgTime: nowS,
    });
    const receiptHandle = { ...q, receiptHandle: String(received["receiptHandle"]) };
    // Programs compare the whole message.
    expect(await scene.call("ReceiveMessage", q)).toMatchObject({ code: 7000, message: "(10200)no message" });
    expect(await scene.code("DeleteMessage", receiptHandle)).toBe("0");
    expect(await scene.code("DeleteMessage", receiptHandle)).toBe("4430/10260");
    expect(await scene.call("GetQueueAttributes", q)).toMatchObject({
      inactiveMsgNum: 0,
      rewindmsgNum: 1,
      rewindMsgNum: 1,
      minMsgTime: 0,
    });
    expect(await scene.code("RewindQueue", { ...q, startConsumeTime: nowS - 101 })).toBe("4000/10350");
    expect(await scene.code("RewindQueue", q)).toBe("4000/10390");
    expect(await scene.code("RewindQueue", { ...q, startConsumeTime: nowS - 10 })).toBe("0");
    expect(await scene.call("ReceiveMessage", q)).toMatchObject({ msgId, dequeueCount: 1 });
  });

  it("become visible again after the visibility timeout, and their receipt handle expires", async () => {
    await scene.call("SendMessage", { ...q, msgBody: "x" });
    const first = await scene.call("ReceiveMessage", q);
    scene.clock.nowMs += 30_000;
    expect(await scene.code("DeleteMessage", { ...q, receiptHandle: String(first["receiptHandle"]) })).toBe(
      "4430/10260",
    );
    expect(await scene.call("ReceiveMessage", q)).toMatchObject({ dequeueCount: 2, firstDequeueTime: nowS });
  });

  it("are delayed by delaySeconds", async () => {
    await scene.call("SendMessage", { ...q, msgBody: "x", delaySeconds: 5 });
    expect(await scene.call("GetQueueAttributes", q)).toMatchObject({ activeMsgNum: 0, delayMsgNum: 1 });
    expect(await scene.code("ReceiveMessage", q)).toBe("7000/10200");
    scene.clock.nowMs += 5_000;
    expect(await scene.code("ReceiveMessage", q)).toBe("0");
  });

  it("can be sent and received in batches of sixteen", async () => {
    const bodies = Object.fromEntries(Array.from({ length: 16 }, (_, n) => [`msgBody.${n + 1}`, `m${n}`]));
    const { msgList } = await scene.call("BatchSendMessage", { ...q, ...bodies });
    expect(msgList).toHaveLength(16);
    const { msgInfoList } = await scene.call("BatchReceiveMessage", { ...q, numOfMsg: 16 });
    const infos = msgInfoList as { msgBody: string; msgId: string; receiptHandle: string; dequeueCount: number }[];
    expect(infos.map(({ msgBody }) => msgBody)).toEqual(Object.values(bodies));
    expect(infos.map(({ msgId }) => ({ msgId }))).toEqual(msgList);
    const [first = "", ...others] = infos.map(({ receiptHandle }) => receiptHandle);
    expect(await scene.call("BatchDeleteMessage", { ...q, ...receiptHandles(others) })).toMatchObject({
      code: 0,
      errorList: [],
    });
    const mixed = await scene.call("BatchDeleteMessage", {
      ...q,
      ...receiptHandles([others[0] ?? "", first, "no receipt", "r-99-1"]),
    });
    expect(mixed).toMatchObject({
      code: 6010,
      message: expect.stringContaining("(10150)") as string,
      errorList: [
        { code: 4430, message: expect.stringContaining("(10260)") as string, receiptHandle: others[0] },
        { code: 4000, message: expect.stringContaining("(10470)") as string, receiptHandle: "no receipt" },
        { code: 4430, receiptHandle: "r-99-1" },
      ],
    });
    expect(await scene.code("DeleteMessage", { ...q, receiptHandle: first })).toBe("4430/10260");
    expect(await scene.code("BatchReceiveMessage", { ...q, numOfMsg: 1 })).toBe("7000/10200");
  });

  it.each<[Params, number | null]>([
    [{}, null],
    [{ pollingWaitSeconds: "" }, null],
    [{ pollingWaitSeconds: 0 }, 0],
    [{ pollingWaitSeconds: 30 }, 30_000],
    [{ pollingWaitSeconds: 30_000 }, 30_000],
    [{ pollingWaitSeconds: -1 }, 0],
    [{ UserpollingWaitSeconds: 30 }, null],
    [{ pollingWaitSeconds: 3, UserpollingWaitSeconds: 3 }, 3_000],
  ])("are waited for with %j: %s ms", async (params, waitMs) => {
    const receive = vi.spyOn(scene.queues, "receive").mockResolvedValue([]);
    expect(await scene.code("ReceiveMessage", { ...q, ...params })).toBe("7000/10200");
    expect(receive.mock.calls).toMatchObject([["work", { waitMs, messagesMax: 1 }]]);
  });

  it("are no longer waited for when the key of the request is revoked", async () => {
    await scene.call("CreateQueue", q);
    const received = scene.code("ReceiveMessage", { ...q, pollingWaitSeconds: 30_000 });
    await vi.waitFor(() => expect(scene.pullQueues.waiting).toBe(1));
    await scene.apiKeys.delete(secretId);
    expect(await received).toBe("7000/10200");
  });

  it.each<[string, Params, string]>([
    ["SendMessage", {}, "4000/10390"],
    ["SendMessage", { msgBody: "" }, "4000/10120"],
    ["SendMessage", { msgBody: "x".repeat(1025) }, "4400/10230"],
    ["SendMessage", { msgBody: "x", delaySeconds: -1 }, "4000/10692"],
    ["SendMessage", { msgBody: "x", delaySeconds: 43_201 }, "4000/10692"],
    ["SendMessage", { msgBody: "x", queueName: "nothing" }, "4440/10100"],
    [
      "BatchSendMessage",
      Object.fromEntries(Array.from({ length: 11 }, (_, n) => [`msgBody.${n}`, "x".repeat(100_000)])),
      "4470/10300",
    ],
    ["BatchSendMessage", Object.fromEntries(Array.from({ length: 17 }, (_, n) => [`msgBody.${n}`, "x"])), "4000/10370"],
    ["ReceiveMessage", { pollingWaitSeconds: "soon" }, "4000/10360"],
    ["BatchReceiveMessage", {}, "4000/10390"],
    ["BatchReceiveMessage", { numOfMsg: 0 }, "4000/10370"],
    ["BatchReceiveMessage", { numOfMsg: 17 }, "4000/10370"],
    ["DeleteMessage", {}, "4000/10390"],
    ["DeleteMessage", { receiptHandle: "" }, "4000/10470"],
    ["DeleteMessage", { receiptHandle: "a b" }, "4000/10470"],
    ["DeleteMessage", { receiptHandle: "a".repeat(257) }, "4000/10470"],
    ["DeleteMessage", { receiptHandle: "__proto__" }, "4430/10260"],
    ["BatchDeleteMessage", {}, "4000/10390"],
    ["BatchDeleteMessage", { "receiptHandle.0": "a", "receiptHandle.2": "b" }, "4000/10380"],
    ["RewindQueue", { startConsumeTime: "then" }, "4000/10360"],
    ["RewindQueue", { startConsumeTime: 1_769_846_400_000 }, "4000/10350"],
  ])("%s %o is %s", async (action, params, code) => {
    expect(await scene.code(action, { ...q, ...params })).toBe(code);
  });

  it("are refused when the queue is full", async () => {
    const bodies = Object.fromEntries(Array.from({ length: 16 }, (_, n) => [`msgBody.${n}`, "x"]));
    expect(await scene.code("BatchSendMessage", { ...q, ...bodies })).toBe("0");
    expect(await scene.code("BatchSendMessage", { ...q, ...bodies })).toBe("4410/10240");
    expect(await scene.code("SendMessage", { ...q, msgBody: "x" })).toBe("0");
  });
});
