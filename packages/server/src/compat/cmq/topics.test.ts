import { setImmediate } from "node:timers/promises";
import { beforeEach, describe, expect, it } from "vitest";
import { topicShape } from "../../shapes/topic.ts";
import { storedMessages, storedTopic, storedTopics } from "../../api/testing/stored.ts";
import { recordedAtMs } from "./testing/recorded-requests.ts";
import { cmqScene, type Params, type Scene } from "./testing/scene.ts";

// Real: the HTTP application, the CMQ API, the memory driver. Faked: publisher, events, clock.
let scene: Scene;
beforeEach(async () => {
  scene = await cmqScene();
});

const nowS = recordedAtMs / 1000;
const t = { topicName: "orders" };
const s = { ...t, subscriptionName: "billing" };
const http = { ...s, protocol: "http", endpoint: "http://example.com/cb" };
const bodies = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, n) => [`msgBody.${n}`, `m${n}`]));

describe("topics", () => {
  it("are created, read, changed, listed and deleted", async () => {
    const made = await scene.call("CreateTopic", { ...t, maxMsgSize: 1024, filterType: 2 });
    expect(made).toMatchObject({ code: 0, topicId: expect.stringMatching(/^topic-[a-z\d]{8}$/) as string });
    expect(await storedTopic(scene.store)).toMatchObject({
      settings: { retentionMs: 86_400_000, bodyBytesMax: 1024 },
    });
    expect(await scene.call("GetTopicAttributes", t)).toEqual({
      code: 0,
      message: "",
      requestId: expect.any(String) as string,
      msgCount: 0,
      maxMsgSize: 1024,
      msgRetentionSeconds: 86_400,
      createTime: nowS,
      lastModifyTime: nowS,
      filterType: 2,
    });
    await scene.call("SetTopicAttributes", { ...t, maxMsgSize: 65_536 });
    expect(await storedTopic(scene.store)).toMatchObject({ settings: { bodyBytesMax: 65_536 } });
    expect(await scene.call("ListTopic")).toMatchObject({
      totalCount: 1,
      topicList: [{ topicId: made["topicId"], topicName: "orders" }],
    });
    expect(await scene.code("DeleteTopic", t)).toBe("0");
    expect(await scene.code("GetTopicAttributes", t)).toBe("4440/10600");
    expect(scene.events.emitted.map(({ type }) => type)).toEqual(["topic.changed", "topic.changed", "topic.deleted"]);
  });

  it("allow messages of 64 KiB and filter by tag by default", async () => {
    await scene.call("CreateTopic", { ...t, maxMsgSize: "", filterType: "" });
    expect(await storedTopic(scene.store)).toMatchObject({ settings: { bodyBytesMax: 65_536 } });
  });

  it.each<[string, Params, string]>([
    ["CreateTopic", {}, "4000/10390"],
    ["CreateTopic", { topicName: "" }, "4000/10580"],
    ["CreateTopic", { topicName: "1a" }, "4000/10580"],
    ["CreateTopic", { topicName: "inbox:a" }, "4000/10580"],
    ["CreateTopic", { topicName: "a b" }, "4000/10580"],
    ["CreateTopic", { topicName: "a".repeat(65) }, "4000/10580"],
    ["CreateTopic", { ...t, maxMsgSize: 1023 }, "4000/10350"],
    ["CreateTopic", { ...t, maxMsgSize: 1_048_577 }, "4000/10350"],
    ["CreateTopic", { ...t, maxMsgSize: "big" }, "4000/10360"],
    ["CreateTopic", { ...t, filterType: 3 }, "4000/10350"],
    ["SetTopicAttributes", t, "4440/10600"],
    ["DeleteTopic", t, "4440/10600"],
    ["ListTopic", { offset: -1 }, "4000/10350"],
    ["ListTopic", { offset: 1001 }, "4000/10350"],
    ["ListTopic", { limit: 51 }, "4000/10350"],
    ["ListTopic", { limit: "x" }, "4000/10360"],
  ])("%s %j is %s", async (action, params, code) => {
    expect(await scene.code(action, params)).toBe(code);
    expect(await storedTopics(scene.store)).toEqual([]);
  });

  it("cannot have names that differ only in case, even when created concurrently", async () => {
    const codes = await Promise.all(
      ["orders", "Orders", "ORDERS"].map((topicName) => scene.code("CreateTopic", { topicName })),
    );
    expect(codes.toSorted()).toEqual(["0", "4460/10550", "4460/10550"]);
  });

  it("are deleted or subscribed to by concurrent requests, never both, and a late change does not recreate them", async () => {
    const slow = scene.store.catalog.listSubscriptions.bind(scene.store.catalog);
    scene.store.catalog.listSubscriptions = async (...args) => {
      const found = await slow(...args);
      await setImmediate();
      return found;
    };
    const found = scene.store.catalog.getTopic.bind(scene.store.catalog);
    scene.store.catalog.getTopic = async (...args) => {
      const topic = await found(...args);
      await setImmediate();
      return topic;
    };
    await scene.call("CreateTopic", t);
    const codes = await Promise.all([scene.code("DeleteTopic", t), scene.code("Subscribe", http)]);
    expect([
      ["0", "4440/10600"],
      ["4000/10540", "0"],
    ]).toContainEqual(codes);
    await scene.call("Unsubscribe", s);
    await scene.call("CreateTopic", t);
    await Promise.all([scene.code("DeleteTopic", t), scene.code("SetTopicAttributes", { ...t, maxMsgSize: 2048 })]);
    expect(await storedTopics(scene.store)).toEqual([]);
  });

  it("are listed by a part of their name, page by page", async () => {
    for (let count = 0; count < 30; count++)
      await scene.call("CreateTopic", { topicName: `t-${String(count).padStart(2, "0")}` });
    await scene.call("CreateTopic", { topicName: "Other" });
    await scene.store.catalog.putTopic(scene.store.catalog.defaultAccount().id, "inbox:x", topicShape.read({}));
    const names = async (params: Params) => {
      const { totalCount, topicList } = await scene.call("ListTopic", params);
      return [totalCount, (topicList as { topicName: string }[]).map(({ topicName }) => topicName)];
    };
    expect(await names({ searchWord: "oTHE" })).toEqual([1, ["Other"]]);
    expect((await names({}))[1]).toHaveLength(20);
    expect(await names({ searchWord: "t-", offset: 28, limit: 50 })).toEqual([30, ["t-28", "t-29"]]);
    expect(await names({ limit: 0 })).toEqual([31, []]);
    expect(await names({ searchWord: "inbox" })).toEqual([0, []]);
  });

  it("cannot be deleted while they have subscriptions", async () => {
    await scene.call("CreateTopic", t);
    await scene.call("Subscribe", http);
    expect(await scene.code("DeleteTopic", t)).toBe("4000/10540");
    await scene.call("Unsubscribe", s);
    expect(await scene.code("DeleteTopic", t)).toBe("0");
  });
});

describe("publishing", () => {
  beforeEach(async () => {
    await scene.call("CreateTopic", { ...t, maxMsgSize: 1024 });
  });

  it("reports an invalid message as such, even when no subscription would receive it", async () => {
    expect(await scene.code("PublishMessage", { ...t, msgBody: "x".repeat(1025) })).toBe("4400/10230");
    expect(await scene.code("PublishMessage", { ...t, msgBody: "x", "msgTag.0": "a".repeat(17) })).toBe("4000/10350");
    expect(await scene.code("BatchPublishMessage", { ...t, "msgBody.0": "x", "msgBody.1": "x".repeat(1025) })).toBe(
      "4400/10230",
    );
    await scene.call("CreateTopic", { topicName: "routes", filterType: 2 });
    const routed = { topicName: "routes", msgBody: "x", routingKey: "a".repeat(65) };
    expect(await scene.code("PublishMessage", routed)).toBe("4000/10350");
  });

  it("is refused when there is no subscription and when no filter matches", async () => {
    const message = { ...t, msgBody: "hello" };
    expect(await scene.code("PublishMessage", message)).toBe("6030/10650");
    await scene.call("Subscribe", { ...http, "filterTag.0": "a" });
    expect(await scene.code("PublishMessage", message)).toBe("6030/10730");
    expect(await scene.code("BatchPublishMessage", { ...t, "msgBody.0": "x", "msgTag.0": "b" })).toBe("6030/10730");
    expect(await storedMessages(scene.store)).toEqual([]);
    expect(await scene.code("PublishMessage", { ...message, "msgTag.1": "b", "msgTag.2": "a" })).toBe("0");
    await scene.call("ClearSubscriptionFilterTags", s);
    expect(await scene.code("PublishMessage", message)).toBe("0");
    await scene.call("Unsubscribe", s);
    expect(await scene.code("PublishMessage", message)).toBe("6030/10650");
  });

  it("keeps text and tags unchanged, and returns the id as decimal digits", async () => {
    await scene.call("Subscribe", http);
    const body = ' 中文 \u0000 a=b&c+d %20 {"id":12345678901234567890}\n';
    const { msgId } = await scene.call("PublishMessage", { ...t, msgBody: body, "msgTag.0": "a", "msgTag.1": "标" });
    expect(msgId).toMatch(/^\d{10,20}$/);
    expect(await storedMessages(scene.store)).toMatchObject([{ tags: ["a", "标"], type: null, contentType: null }]);
    expect(Buffer.from((await storedMessages(scene.store))[0]?.body ?? []).toString()).toBe(body);
  });

  it("accepts batches of up to sixteen messages, and keeps their order", async () => {
    await scene.call("Subscribe", http);
    const { msgList } = await scene.call("BatchPublishMessage", { ...t, ...bodies(16) });
    expect(msgList).toHaveLength(16);
    expect(new Set((msgList as { msgId: string }[]).map(({ msgId }) => msgId)).size).toBe(16);
    expect((await storedMessages(scene.store)).map(({ body }) => Buffer.from(body).toString())).toEqual(
      Object.values(bodies(16)),
    );
    expect(await scene.code("BatchPublishMessage", { ...t, ...bodies(17) })).toBe("4000/10370");
    expect(await scene.code("BatchPublishMessage", t)).toBe("4000/10390");
    expect(await scene.code("BatchPublishMessage", { ...t, "msgBody.0": "a", "msgBody.2": "b" })).toBe("4000/10380");
    expect(await storedMessages(scene.store)).toHaveLength(16);
  });

  it.each<[Params, string]>([
    [{}, "4000/10390"],
    [{ msgBody: "" }, "4000/10120"],
    [{ msgBody: "x", topicName: "nothing" }, "4440/10600"],
    [{ msgBody: "x", topicName: "queue:x" }, "4000/10580"],
    [{ msgBody: "é".repeat(513) }, "4400/10230"],
    [{ msgBody: "x", "msgTag.0": "a".repeat(17) }, "4000/10350"],
    [{ msgBody: "x", ...Object.fromEntries([0, 1, 2, 3, 4, 5].map((n) => [`msgTag.${n}`, "a"])) }, "4000/10720"],
    [{ msgBody: "x", "msgTag.3": "a" }, "4000/10380"],
  ])("%j is %s", async (params, code) => {
    await scene.call("Subscribe", http);
    expect(await scene.code("PublishMessage", { ...t, ...params })).toBe(code);
    expect(await storedMessages(scene.store)).toEqual([]);
  });

  it("limits the total size of a batch", async () => {
    const big = Object.fromEntries(Array.from({ length: 11 }, (_, n) => [`msgBody.${n}`, "x".repeat(100_000)]));
    expect(await scene.code("BatchPublishMessage", { ...t, ...big })).toBe("4470/10300");
  });

  it("uses the routing key when the topic filters by route", async () => {
    const r = { topicName: "routes" };
    await scene.call("CreateTopic", { ...r, filterType: 2 });
    await scene.call("Subscribe", { ...http, ...r, "bindingKey.0": "1.#.0" });
    const publish = (params: Params) => scene.code("PublishMessage", { ...r, msgBody: "x", ...params });
    expect(await publish({})).toBe("4000/10700");
    expect(await publish({ "msgTag.0": "a" })).toBe("4000/10700");
    expect(await publish({ routingKey: "2.0" })).toBe("6030/10730");
    expect(await publish({ routingKey: "a.".repeat(16) })).toBe("4000/10691");
    expect(await publish({ routingKey: "1.0" })).toBe("0");
    expect(await publish({ routingKey: "1.2.3.4.4.2.2.0" })).toBe("0");
  });
});
