import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { recordedAtMs, recordedTc3, type RecordedRequest } from "./testing/recorded-requests.ts";
import { storedMessages, storedTopic } from "../../api/testing/stored.ts";
import { ReusedApps } from "../../api/testing/reused-apps.ts";
import { cmqScene, type Scene, secretId } from "./testing/scene.ts";
import { tc3Request } from "./testing/tc3-requests.ts";

// Real: the HTTP application and the CMQ API. Faked, in memory: store, publisher, queues, events and clock.
let scene: Scene;
const apps = new ReusedApps(async () => {
  scene = await cmqScene();
  return scene;
});
beforeEach(async () => void (scene = await apps.next()));
afterAll(() => apps.close());

interface Tc3Answer {
  readonly RequestId: string;
  readonly Error?: { readonly Code: string; readonly Message: string };
  readonly [member: string]: unknown;
}

interface How {
  readonly headers?: Readonly<Record<string, string>>;
  readonly key?: string;
  readonly payload?: string;
  readonly signedHeaders?: readonly string[];
}

let callCount = 0;

async function call(action: string, body: object = {}, how: How = {}): Promise<Tc3Answer> {
  // Every call is signed in a second of its own, because two equal requests of one second have the same signature.
  const timestamp = how.headers?.["x-tc-timestamp"] ?? scene.clock.nowMs / 1000 - (++callCount % 200);
  const { payload = JSON.stringify(body), ...rest } = how;
  const response = await scene.app.inject(tc3Request({ ...rest, action, timestampS: Number(timestamp), payload }));
  expect(response.statusCode).toBe(200);
  expect(response.headers["content-type"]).toBe("application/json");
  return response.json<{ Response: Tc3Answer }>().Response;
}

const codeOf = async (...request: Parameters<typeof call>) => (await call(...request)).Error?.Code ?? "ok";

const nothing: Pick<RecordedRequest, "headers" | "body"> = { headers: {}, body: "" };
const t = { TopicName: "orders" };
const s = { ...t, SubscriptionName: "billing" };
const http = { ...s, Protocol: "http", Endpoint: "http://example.com/" };
const q = { QueueName: "work" };

describe("the newer API", () => {
  it.each(recordedTc3)("accepts the request recorded from $client", async ({ url, headers, body }) => {
    await scene.call("CreateTopic", { topicName: "t" });
    const response = await scene.app.inject({ method: "POST", url, headers, payload: body });
    const { Response } = response.json<{ Response: Tc3Answer }>();
    expect(Response.RequestId).toMatch(/^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
    expect(Response.Error?.Code ?? "ok").toBe(headers["x-tc-action"] === "PublishCmqMsg" ? "ResourceNotFound" : "ok");
  });

  it("creates, describes, changes, lists and deletes topics", async () => {
    const made = await call("CreateCmqTopic", { ...t, MaxMsgSize: 2048, FilterType: 1, MsgRetentionSeconds: 3600 });
    expect(made["TopicId"]).toMatch(/^topic-/);
    expect(await storedTopic(scene.store)).toMatchObject({
      settings: { retentionMs: 3_600_000, bodyBytesMax: 2048 },
    });
    const view = {
      TopicId: made["TopicId"],
      TopicName: "orders",
      MsgCount: 0,
      MaxMsgSize: 2048,
      MsgRetentionSeconds: 3600,
      FilterType: 1,
      CreateTime: recordedAtMs,
      LastModifyTime: recordedAtMs,
    };
    expect(await call("DescribeCmqTopicDetail", t)).toMatchObject({ TopicDescribe: view });
    await call("ModifyCmqTopicAttribute", { ...t, MaxMsgSize: 4096 });
    expect(
      await call("DescribeCmqTopics", { TopicName: "RDE", TopicNameList: ["orders", "x"], Offset: 0, Limit: 5 }),
    ).toMatchObject({
      TotalCount: 1,
      TopicList: [{ ...view, MaxMsgSize: 4096 }],
    });
    expect(await call("DescribeCmqTopics", { TopicNameList: ["x"] })).toMatchObject({ TotalCount: 0, TopicList: [] });
    const old = { headers: { "x-tc-version": "2019-03-04" } };
    expect(await call("DescribeTopicDetail", {}, old)).toMatchObject({
      TotalCount: 1,
      TopicSet: [{ TopicName: "orders" }],
    });
    expect(await codeOf("DeleteCmqTopic", t)).toBe("ok");
    expect(await codeOf("DeleteCmqTopic", t)).toBe("ResourceNotFound");
  });

  it("creates, describes, changes and deletes subscriptions, and publishes", async () => {
    await call("CreateCmqTopic", t);
    expect(await codeOf("PublishCmqMsg", { ...t, MsgContent: "中文" })).toBe("FailedOperation");
    const { SubscriptionId } = await call("CreateCmqSubscribe", { ...http, FilterTag: ["a", "b"] });
    expect(SubscriptionId).toMatch(/^subsc-/);
    expect(await codeOf("CreateCmqSubscribe", http)).toBe("ResourceInUse");
    const sent = await call("PublishCmqMsg", { ...t, MsgContent: "中文", MsgTag: ["a"] });
    expect(sent).toMatchObject({ Result: true, MsgId: expect.stringMatching(/^\d+$/) as string });
    expect(await storedMessages(scene.store)).toMatchObject([
      { tags: ["a"], body: new Uint8Array(Buffer.from("中文")) },
    ]);
    await call("ModifyCmqSubscriptionAttribute", { ...s, FilterTags: ["c"], NotifyContentFormat: "SIMPLIFIED" });
    expect(await call("DescribeCmqSubscriptionDetail", t)).toMatchObject({
      TotalCount: 1,
      SubscriptionSet: [
        {
          SubscriptionName: "billing",
          SubscriptionId,
          TopicName: "orders",
          TopicOwner: 1,
          Protocol: "http",
          Endpoint: "http://example.com/",
          FilterTags: ["c"],
          BindingKey: [],
          NotifyContentFormat: "SIMPLIFIED",
          NotifyStrategy: "EXPONENTIAL_DECAY_RETRY",
          CreateTime: recordedAtMs,
        },
      ],
    });
    expect(await codeOf("ClearCmqSubscriptionFilterTags", s)).toBe("ok");
    expect(await codeOf("PublishCmqMsg", { ...t, MsgContent: "x" })).toBe("ok");
    expect(await codeOf("DeleteCmqTopic", t)).toBe("ResourceInUse");
    expect(await codeOf("DeleteCmqSubscribe", s)).toBe("ok");
    expect(await codeOf("DescribeCmqSubscriptionDetail", { ...t, QueryType: "queue" })).toBe("InvalidParameter");
  });

  it("uses the only tag as the routing key of a topic that filters by route", async () => {
    await call("CreateCmqTopic", { ...t, FilterType: 2 });
    await call("CreateCmqSubscribe", { ...http, BindingKey: ["a.*"] });
    expect(await codeOf("PublishCmqMsg", { ...t, MsgContent: "x", MsgTag: ["a.b"] })).toBe("ok");
    expect(await codeOf("PublishCmqMsg", { ...t, MsgContent: "x", MsgTag: ["b"] })).toBe("FailedOperation");
  });

  it("creates, describes, changes, clears, rewinds and deletes queues, and sends to them", async () => {
    await call("CreateCmqQueue", { QueueName: "dead" });
    const { QueueId } = await call("CreateCmqQueue", {
      ...q,
      VisibilityTimeout: 5,
      DeadLetterQueueName: "dead",
      Policy: 0,
      MaxReceiveCount: 3,
      RewindSeconds: 60,
    });
    expect(QueueId).toMatch(/^queue-/);
    expect(await call("SendCmqMsg", { ...q, MsgContent: "x", DelaySeconds: 0 })).toMatchObject({ Result: true });
    expect(await call("DescribeCmqQueueDetail", q)).toMatchObject({
      QueueDescribe: {
        QueueId,
        QueueName: "work",
        VisibilityTimeout: 5,
        MaxMsgSize: 1_048_576,
        ActiveMsgNum: 1,
        RewindMsgNum: 0,
        CreateTime: recordedAtMs,
        DeadLetterPolicy: { DeadLetterQueue: "dead", Policy: 0, MaxReceiveCount: 3 },
      },
    });
    expect(await call("DescribeCmqDeadLetterSourceQueues", { DeadLetterQueueName: "dead" })).toMatchObject({
      TotalCount: 1,
      QueueSet: [{ QueueName: "work" }],
    });
    expect(await call("DescribeCmqDeadLetterSourceQueues", { DeadLetterQueueName: "DEAD" })).toMatchObject({
      TotalCount: 1,
    });
    expect(await call("DescribeCmqQueues", { QueueNameList: ["WORK"] })).toMatchObject({ TotalCount: 1 });
    await call("ModifyCmqQueueAttribute", { ...q, VisibilityTimeout: 7 });
    await call("UnbindCmqDeadLetter", { SourceQueueName: "work" });
    expect(await call("DescribeCmqQueues", { QueueName: "wor" })).toMatchObject({
      TotalCount: 1,
      QueueList: [{ VisibilityTimeout: 7 }],
    });
    expect(await scene.queues.get("work")).toMatchObject({ deadLetters: null });
    expect(await codeOf("RewindCmqQueue", { ...q, StartConsumeTime: recordedAtMs / 1000 - 1 })).toBe("ok");
    expect(await codeOf("ClearCmqQueue", q)).toBe("ok");
    expect(await call("DescribeCmqQueueDetail", q)).toMatchObject({
      QueueDescribe: { ActiveMsgNum: 0, VisibilityTimeout: 7 },
    });
    const old = { headers: { "x-tc-version": "2019-03-04" } };
    expect(await call("DescribeQueueDetail", q, old)).toMatchObject({
      TotalCount: 1,
      QueueSet: [{ QueueName: "work" }],
    });
    expect(await codeOf("DeleteCmqQueue", q)).toBe("ok");
    expect(await codeOf("UnbindCmqDeadLetter", { SourceQueueName: "work" })).toBe("ResourceNotFound");
  });

  it.each<[string, object, string]>([
    ["CreateCmqTopic", {}, "MissingParameter"],
    ["CreateCmqTopic", { TopicName: "1" }, "InvalidParameterValue"],
    ["CreateCmqTopic", { TopicName: { toString: 1 } }, "MissingParameter"],
    ["CreateCmqTopic", { TopicName: "a", topicName: "b" }, "InvalidParameter"],
    ["CreateCmqTopic", { ...t, MaxMsgSize: "much" }, "InvalidParameterValue"],
    ["CreateCmqTopic", { ...t, MaxMsgSize: 1.5 }, "InvalidParameterValue"],
    ["CreateCmqTopic", [], "InvalidParameter"],
    ["UnbindCmqDeadLetter", { SourceQueueName: "a\0" }, "InvalidParameterValue"],
    ["DescribeCmqDeadLetterSourceQueues", { DeadLetterQueueName: "" }, "InvalidParameterValue"],
    ["SendCmqMsg", { ...q, MsgContent: "a\ud800" }, "InvalidParameter"],
    ["CreateTopic", t, "InvalidAction"],
    ["toString", t, "InvalidAction"],
    ["", t, "MissingParameter"],
  ])("%s %j is %s", async (action, body, code) => {
    expect(await codeOf(action, body)).toBe(code);
  });

  it.each<[How, string]>([
    [{ headers: { authorization: "" } }, "MissingParameter"],
    [{ headers: { authorization: "Bearer x" } }, "AuthFailure.InvalidAuthorization"],
    [{ headers: { "x-tc-timestamp": "" } }, "MissingParameter"],
    [{ headers: { "x-tc-timestamp": String(recordedAtMs / 1000 - 301) } }, "AuthFailure.SignatureExpire"],
    [{ headers: { "x-tc-timestamp": String(recordedAtMs / 1000 + 301) } }, "AuthFailure.SignatureExpire"],
    [{ headers: { "x-tc-version": "1" } }, "NoSuchVersion"],
    [{ headers: { "content-type": "text/plain" } }, "AuthFailure.SignatureFailure"],
    [{ headers: { host: "elsewhere" } }, "AuthFailure.SignatureFailure"],
    [{ key: "another" }, "AuthFailure.SignatureFailure"],
    [{ payload: "{" }, "InvalidParameter"],
    [{ payload: "null" }, "InvalidParameter"],
    [{ payload: '{"a":1e999}' }, "ok"],
  ])("%j is %s", async (how, code) => {
    expect(await codeOf("DescribeCmqTopics", {}, how)).toBe(code);
    expect(scene.logLines).toEqual([]);
  });

  it("accepts headers that were signed in lower case", async () => {
    const signedHeaders = ["content-type", "host", "x-tc-action"];
    expect(await codeOf("DescribeCmqTopics", {}, { signedHeaders })).toBe("ok");
    const other = { signedHeaders, headers: { "x-tc-action": "DeleteCmqTopic" } };
    expect(await codeOf("DescribeCmqTopics", {}, other)).toBe("AuthFailure.SignatureFailure");
  });

  it("refuses an unknown SecretId", async () => {
    const [{ headers, body } = nothing] = recordedTc3;
    const authorization = (headers["authorization"] ?? "").replace(secretId, "AKIDother");
    const response = await scene.app.inject({
      method: "POST",
      url: "/",
      headers: { ...headers, authorization },
      payload: body,
    });
    expect(response.json()).toMatchObject({ Response: { Error: { Code: "AuthFailure.SecretIdNotFound" } } });
  });
});
