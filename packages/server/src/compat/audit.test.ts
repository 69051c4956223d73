/** Real: the HTTP application, CMQ's and WeChat's APIs. Faked: the store, in memory; the clock, the random bytes. */

import { afterEach, describe, expect, it } from "vitest";
import { call } from "../api/testing/call.ts";
import { createTestApp, type TestApp } from "../api/testing/test-app.ts";
import { actions } from "./cmq/actions.ts";
import { needOf } from "./cmq/call.ts";
import { cmqScene, secretId, secretKey } from "./cmq/testing/scene.ts";
import { tc3Request } from "./cmq/testing/tc3-requests.ts";
import { tc3Actions } from "./cmq/tc3-actions.ts";
import { addTestApis } from "./testing/test-gateway.ts";

let test: TestApp | null = null;
afterEach(() => test?.app.close());

/** The records, oldest first. */
async function records({ store }: TestApp) {
  const { items } = await store.audit.list(store.catalog.defaultAccount().id, {}, { after: null, limit: 200 });
  return items.toReversed().map(({ who, action, target, details }) => {
    const { source, before, after } = details as { source: string; before: object | null; after: object | null };
    return { who, source, action, target, before, after };
  });
}

const topicName = "orders";
const subscriptionName = "mail";
const queueName = "Work";
const topic = { topicName };
const subscription = { topicName, subscriptionName };
const queue = { queueName };
const subscribing = { ...subscription, protocol: "http", endpoint: "http://127.0.0.1:9/", notifyContentFormat: "JSON" };

describe("a change through CMQ's API", () => {
  /** Each changing action with its parameters and its target, in an order in which all succeed. */
  const changes = [
    ["CreateTopic", topic, "topics/orders"],
    ["SetTopicAttributes", { ...topic, maxMsgSize: 2048 }, "topics/orders"],
    ["Subscribe", subscribing, "topics/orders/subscriptions/mail"],
    [
      "SetSubscriptionAttributes",
      { ...subscription, notifyStrategy: "BACKOFF_RETRY" },
      "topics/orders/subscriptions/mail",
    ],
    ["ClearSubscriptionFilterTags", subscription, "topics/orders/subscriptions/mail"],
    ["Unsubscribe", subscription, "topics/orders/subscriptions/mail"],
    ["DeleteTopic", topic, "topics/orders"],
    ["CreateQueue", { ...queue, rewindSeconds: 60 }, "queues/work"],
    ["SetQueueAttributes", { ...queue, visibilityTimeout: 60 }, "queues/work"],
    ["RewindQueue", { ...queue, startConsumeTime: 1 }, "queues/work"],
    ["DeleteQueue", queue, "queues/work"],
  ] as const;

  it("leaves one record of each changing action of API 2.0, with the views before and after", async () => {
    const scene = await cmqScene();
    test = scene;
    for (const [action, params] of changes) {
      const at = action === "RewindQueue" ? { startConsumeTime: Math.floor(scene.clock.nowMs / 1000) } : {};
      expect([action, await scene.code(action, { ...params, ...at })]).toEqual([action, "0"]);
    }
    for (const action of ["ListTopic", "ListQueue"]) await scene.code(action);
    const found = await records(scene);
    expect(found.map(({ action, target }) => [action, target])).toEqual(
      changes.map(([action, , target]) => [`cmq.${action}`, target]),
    );
    expect(new Set(found.map(({ who, source }) => `${who} ${source}`))).toEqual(new Set([`${secretId} 127.0.0.1`]));
    expect(found[1]).toMatchObject({ before: { bodyBytesMax: 65_536 }, after: { bodyBytesMax: 2048 } });
    for (const { action, before, after } of found) {
      expect([action, before === null]).toEqual([action, /Create|\.Subscribe/.test(action)]);
      expect([action, after === null]).toEqual([action, /Delete|Unsubscribe/.test(action)]);
    }
    const changing = actions.map(([name]) => name).filter((name) => needOf(name) === "admin");
    expect(changes.map(([action]) => action).toSorted()).toEqual(changing.toSorted());
    expect(JSON.stringify([found, scene.auditLines])).not.toContain(secretKey);
  });

  it("is recorded under the name that the action uses, whatever other parameters the request has", async () => {
    const scene = await cmqScene();
    test = scene;
    await scene.code("CreateTopic", { ...topic, queueName: "decoy", subscriptionName: "decoy" });
    await scene.code("CreateTopic", topic);
    expect((await records(scene)).map(({ target }) => target)).toEqual(["topics/orders"]);
  });

  it("leaves one record of each changing action of the newer API", async () => {
    const changing = [...tc3Actions.keys()].filter((name) => needOf(name) === "admin");
    const scene = await cmqScene();
    test = scene;
    const run = async (action: string, parameters: object) => {
      const timestampS = Math.floor(scene.clock.nowMs / 1000);
      scene.clock.nowMs += 1000;
      const response = await scene.app.inject(tc3Request({ action, timestampS, payload: JSON.stringify(parameters) }));
      expect([action, response.json().Response.Error]).toEqual([action, undefined]);
    };
    const Queue = { QueueName: "work" };
    const Topic = { TopicName: "orders" };
    const Subscription = { ...Topic, SubscriptionName: "mail" };
    const Endpoint = { Protocol: "http", Endpoint: "http://127.0.0.1:9/", NotifyContentFormat: "JSON" };
    const steps: readonly (readonly [string, object])[] = [
      ["CreateCmqTopic", Topic],
      ["ModifyCmqTopicAttribute", { ...Topic, MaxMsgSize: 2048 }],
      ["CreateCmqSubscribe", { ...Subscription, ...Endpoint }],
      ["ModifyCmqSubscriptionAttribute", { ...Subscription, NotifyStrategy: "BACKOFF_RETRY" }],
      ["ClearCmqSubscriptionFilterTags", Subscription],
      ["DeleteCmqSubscribe", Subscription],
      ["DeleteCmqTopic", Topic],
      ["CreateCmqQueue", { ...Queue, RewindSeconds: 60 }],
      ["ModifyCmqQueueAttribute", { ...Queue, VisibilityTimeout: 60 }],
      ["RewindCmqQueue", { ...Queue, StartConsumeTime: Math.floor(scene.clock.nowMs / 1000) }],
      ["ClearCmqQueue", Queue],
      ["UnbindCmqDeadLetter", { SourceQueueName: "work" }],
      ["DeleteCmqQueue", Queue],
    ];
    for (const [action, parameters] of steps) await run(action, parameters);
    const found = await records(scene);
    expect(found.map(({ action }) => action)).toEqual(steps.map(([action]) => `cmq.${action}`));
    expect(found.map(({ action }) => action.slice(4)).toSorted()).toEqual(changing.toSorted());
    expect(new Set(found.map(({ target }) => target))).toEqual(
      new Set(["topics/orders", "topics/orders/subscriptions/mail", "queues/work"]),
    );
  });
});

describe("a change through WeChat's API", () => {
  it("is recorded without its secret", async () => {
    const app = await createTestApp();
    test = app;
    await addTestApis(app);
    const post = async (json: object) =>
      (await call(app.app, "POST", "/api/", { json, remoteAddress: "192.0.2.7" })).json;
    const secret = "wechat-5ecret";
    await post({ type: 1006, newSecretKey: secret });
    const { cookie } = (await post({ type: 1001, protocol: 2, url: "http://127.0.0.1:9/", secretKey: secret })).data;
    await post({ type: 1003, secretKey: secret });
    await post({ type: 1002, cookie: "f".repeat(32), secretKey: secret });
    await post({ type: 1002, cookie, secretKey: secret });
    const target = `topics/wechat/subscriptions/wechat-${cookie}`;
    const view = expect.objectContaining({ name: `wechat-${cookie}` }) as object;
    const topicAfter = expect.objectContaining({ name: "wechat" }) as object;
    const shared = { source: "192.0.2.7", before: null, after: null };
    const found = await records(app);
    expect(found).toEqual([
      { ...shared, who: "anyone", action: "wechat.setSecret", target: "wechat/secret" },
      { ...shared, who: "wechat-secret", action: "wechat.addTopic", target: "topics/wechat", after: topicAfter },
      { ...shared, who: "wechat-secret", action: "wechat.addHandler", target, after: view },
      { ...shared, who: "wechat-secret", action: "wechat.removeHandler", target, before: view },
    ]);
    expect(JSON.stringify([found, app.auditLines, app.logLines])).not.toContain(secret);
  });
});
