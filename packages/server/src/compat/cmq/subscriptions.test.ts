import { setImmediate } from "node:timers/promises";
import { beforeEach, describe, expect, it } from "vitest";
import { call } from "../../api/testing/call.ts";
import { subscriptionShape } from "../../shapes/subscription.ts";
import { storedSubscriptions, storedTopic } from "../../api/testing/stored.ts";
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
const settingsOf = async (name: string) =>
  (await storedSubscriptions(scene.store)).find((one) => one.name === name)?.settings;
const bodies = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, n) => [`msgBody.${n}`, `m${n}`]));

describe("subscriptions", () => {
  beforeEach(async () => {
    await scene.call("CreateTopic", t);
  });

  it("keep the push headers that another API has set when attributes change, and never show their values", async () => {
    const secret = "Bearer 7f3a-secret";
    const json = { push: { url: http.endpoint, protocol: "cmq-json", headers: { Authorization: secret } } };
    await call(scene.app, "PUT", "/v1/topics/orders/subscriptions/billing", { json });
    const before = (await settingsOf("billing"))?.push?.headers;
    const answers = [
      await scene.call("SetSubscriptionAttributes", {
        ...s,
        notifyStrategy: "BACKOFF_RETRY",
        notifyContentFormat: "SIMPLIFIED",
      }),
      await scene.call("GetSubscriptionAttributes", s),
      await scene.call("ListSubscriptionByTopic", t),
      await scene.call("ClearSubscriptionFilterTags", s),
    ];
    expect(answers.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
    expect(await settingsOf("billing")).toMatchObject({ push: { protocol: "cmq-simplified" }, retry: "BACKOFF_RETRY" });
    expect((await settingsOf("billing"))?.push?.headers).toEqual(before);
    expect(before).toEqual({
      Authorization: { sealed: expect.stringMatching(/^eyJ/) as string, bytes: secret.length },
    });
    expect(JSON.stringify([answers, scene.logLines])).not.toContain(secret);
  });

  it("are created, read, listed and deleted", async () => {
    expect(await scene.call("Subscribe", { ...http, "filterTag.1": "a", "filterTag.2": "b" })).toEqual({
      code: 0,
      message: "",
      requestId: expect.any(String) as string,
      subscriptionId: expect.stringMatching(/^subsc-/) as string,
    });
    expect(await settingsOf("billing")).toMatchObject({
      push: { url: "http://example.com/cb", protocol: "cmq-json" },
      retry: "EXPONENTIAL_DECAY_RETRY",
      filter: { tags: ["a", "b"], types: [] },
    });
    await scene.call("BatchPublishMessage", { ...t, ...bodies(5), "msgTag.0": "a" });
    const attributes = await scene.call("GetSubscriptionAttributes", s);
    expect(attributes).toEqual({
      code: 0,
      message: "",
      requestId: expect.any(String) as string,
      topicOwner: 1,
      msgCount: 5,
      protocol: "http",
      protocal: "http",
      endpoint: "http://example.com/cb",
      notifyStrategy: "EXPONENTIAL_DECAY_RETRY",
      notifyContentFormat: "JSON",
      createTime: nowS,
      lastModifyTime: nowS,
      bindingKey: [],
      filterTag: ["a", "b"],
      filterTags: ["a", "b"],
    });
    expect(await scene.call("ListSubscriptionByTopic", t)).toMatchObject({
      totalCount: 1,
      subscriptionList: [
        {
          subscriptionId: expect.stringMatching(/^subsc-[a-z\d]{8}$/) as string,
          subscriptionName: "billing",
          protocol: "http",
          endpoint: "http://example.com/cb",
        },
      ],
    });
    expect(await scene.code("Unsubscribe", s)).toBe("0");
    expect(await scene.code("Unsubscribe", s)).toBe("4440/10600");
    expect(scene.events.emitted.map(({ type }) => type).slice(1)).toEqual([
      "subscription.changed",
      "message.published",
      "subscription.deleted",
    ]);
  });

  it("allow the simplified format, the other strategy and https", async () => {
    const other = { notifyContentFormat: "SIMPLIFIED", notifyStrategy: "BACKOFF_RETRY", endpoint: "https://h/" };
    expect(await scene.code("Subscribe", { ...http, ...other })).toBe("0");
    expect(await settingsOf("billing")).toMatchObject({ push: { protocol: "cmq-simplified" }, retry: "BACKOFF_RETRY" });
  });

  it("keep attributes that a change does not give", async () => {
    await scene.call("Subscribe", { ...http, "filterTag.0": "a", notifyStrategy: "BACKOFF_RETRY" });
    const before = await settingsOf("billing");
    await scene.call("SetSubscriptionAttributes", { ...s, notifyContentFormat: "SIMPLIFIED" });
    expect(await settingsOf("billing")).toEqual({ ...before, push: { ...before?.push, protocol: "cmq-simplified" } });
    await scene.call("SetSubscriptionAttributes", {
      ...s,
      "filterTag.0": "b",
      notifyStrategy: "EXPONENTIAL_DECAY_RETRY",
    });
    expect(await settingsOf("billing")).toMatchObject({
      push: { protocol: "cmq-simplified" },
      filter: { tags: ["b"] },
      retry: "EXPONENTIAL_DECAY_RETRY",
    });
  });

  it.each(["ClearSubscriptionFilterTags", "ClearSUbscriptionFIlterTags"])("have no tags after %s", async (action) => {
    await scene.call("Subscribe", { ...http, "filterTag.0": "a" });
    expect(await scene.code(action, s)).toBe("0");
    expect(await settingsOf("billing")).toMatchObject({ push: { url: http.endpoint }, filter: { tags: [] } });
  });

  it("send the unchanged message to a queue, which must exist", async () => {
    const queue = { ...s, protocol: "queue", endpoint: "work", notifyContentFormat: "SIMPLIFIED" };
    expect(await scene.code("Subscribe", queue)).toBe("4440/10100");
    await scene.call("CreateQueue", { queueName: "work" });
    expect(await scene.code("Subscribe", { ...queue, notifyContentFormat: "JSON" })).toBe("4000/10640");
    expect(await scene.code("Subscribe", { ...queue, notifyContentFormat: "" })).toBe("4000/10640");
    expect(await scene.code("Subscribe", { ...queue, endpoint: "no queue" })).toBe("4000/10020");
    expect(await scene.code("Subscribe", queue)).toBe("0");
    expect(await settingsOf("billing")).toMatchObject({ push: { url: "queue:work", protocol: "raw" } });
    expect(await scene.call("GetSubscriptionAttributes", s)).toMatchObject({
      protocol: "queue",
      endpoint: "work",
      notifyContentFormat: "SIMPLIFIED",
    });
    expect(await scene.code("SetSubscriptionAttributes", { ...s, notifyContentFormat: "JSON" })).toBe("4000/10640");
    expect(await scene.code("SetSubscriptionAttributes", { ...s, "filterTag.0": "a" })).toBe("0");
    expect(await settingsOf("billing")).toMatchObject({ push: { url: "queue:work" }, filter: { tags: ["a"] } });
  });

  it.each<[Params, string]>([
    [{ topicName: "nothing" }, "4440/10600"],
    [{ subscriptionName: "1" }, "4000/10590"],
    [{ subscriptionName: "queue:x" }, "4000/10590"],
    [{ protocol: "ftp" }, "4000/10510"],
    [{ protocol: "" }, "4000/10510"],
    [{ endpoint: "example.com" }, "4000/10500"],
    [{ endpoint: "" }, "4000/10500"],
    [{ endpoint: "queue:work" }, "4000/10500"],
    [{ endpoint: `http://h/${"x".repeat(500)}` }, "4000/10500"],
    [{ endpoint: "http://me:secret@h/" }, "4000/10630"],
    [{ endpoint: "http://169.254.169.254/" }, "4000/10630"],
    [{ endpoint: "http://" }, "4000/10630"],
    [{ endpoint: "http://h/ x" }, "4000/10630"],
    [{ notifyStrategy: "NEVER" }, "4000/10520"],
    [{ notifyContentFormat: "XML" }, "4000/10530"],
    [{ "filterTag.0": "a".repeat(17) }, "4000/10350"],
    [{ "filterTag.0": "a,b" }, "4000/10350"],
    [{ "filterTag.0": "" }, "4000/10350"],
    [Object.fromEntries([0, 1, 2, 3, 4, 5].map((index) => [`filterTag.${index}`, "a"])), "4000/10490"],
    [{ "filterTag.0": "a", "filterTag.2": "b" }, "4000/10380"],
    [{ "filterTag.x": "a" }, "4000/10310"],
    [{ "bindingKey.0": "a.*" }, "4000/10110"],
  ])("%j is %s", async (params, code) => {
    expect(await scene.code("Subscribe", { ...http, ...params })).toBe(code);
    expect(await storedSubscriptions(scene.store)).toEqual([]);
  });

  it("need a binding key when the topic filters by route", async () => {
    const r = { ...http, topicName: "routes" };
    await scene.call("CreateTopic", { topicName: "routes", filterType: 2 });
    expect(await scene.code("Subscribe", r)).toBe("4000/10710");
    expect(await scene.code("Subscribe", { ...r, "filterTag.0": "a" })).toBe("4000/10110");
    expect(await scene.code("Subscribe", { ...r, "bindingKey.0": "a.".repeat(16) })).toBe("4000/10691");
    expect(await scene.code("Subscribe", { ...r, "bindingKey.0": "a".repeat(65) })).toBe("4000/10350");
    const six = Object.fromEntries([1, 2, 3, 4, 5, 6].map((index) => [`bindingKey.${index}`, "a"]));
    expect(await scene.code("Subscribe", { ...r, ...six })).toBe("4000/10680");
    expect(await scene.code("Subscribe", { ...r, "bindingKey.1": "a.#" })).toBe("0");
    expect((await settingsOf("billing"))?.filter).toEqual({ tags: [], types: ["a.#"] });
  });

  it("cannot have names that differ only in case", async () => {
    await scene.call("Subscribe", http);
    expect(await scene.code("Subscribe", { ...http, subscriptionName: "BILLING" })).toBe("4490/10470");
  });

  it("keep both of two concurrent changes, and are not recreated by a late change", async () => {
    const slow = scene.store.catalog.getSubscription.bind(scene.store.catalog);
    scene.store.catalog.getSubscription = async (...args) => {
      const found = await slow(...args);
      await setImmediate();
      return found;
    };
    await scene.call("Subscribe", http);
    await Promise.all([
      scene.call("SetSubscriptionAttributes", { ...s, "filterTag.0": "b" }),
      scene.call("SetSubscriptionAttributes", { ...s, notifyStrategy: "BACKOFF_RETRY" }),
      scene.call("SetSubscriptionAttributes", { ...s, notifyContentFormat: "SIMPLIFIED" }),
    ]);
    expect(await settingsOf("billing")).toMatchObject({
      push: { protocol: "cmq-simplified" },
      filter: { tags: ["b"] },
      retry: "BACKOFF_RETRY",
    });
    await Promise.all([
      scene.call("SetSubscriptionAttributes", { ...s, "filterTag.0": "c" }),
      scene.call("Unsubscribe", s),
      scene.call("ClearSubscriptionFilterTags", s),
    ]);
    expect(await settingsOf("billing")).toBeUndefined();
  });

  it("keep a change that another API makes at the same time", async () => {
    await scene.call("Subscribe", http);
    const { catalog } = scene.store;
    const putSubscription = catalog.putSubscription.bind(catalog);
    catalog.putSubscription = async (topicId, name, ...rest) => {
      catalog.putSubscription = putSubscription;
      const stored = await catalog.getSubscription(topicId, name);
      if (stored !== null) await putSubscription(topicId, name, { ...stored.settings, maxInFlight: 7 }, "now");
      return putSubscription(topicId, name, ...rest);
    };
    expect(await scene.code("SetSubscriptionAttributes", { ...s, "filterTag.0": "b" })).toBe("0");
    expect(await settingsOf("billing")).toMatchObject({ maxInFlight: 7, filter: { tags: ["b"] } });
  });

  it("of another HTTP protocol can change to a format of this API", async () => {
    const topic = await storedTopic(scene.store);
    const put = (name: string, push: { url: string; protocol: string; keys?: string[] }) =>
      scene.store.catalog.putSubscription(topic.id, name, subscriptionShape.read({ push }).settings, "now");
    await put("signed", { url: "http://h/", protocol: "standard-webhooks", keys: ["k"] });
    await put("line", { url: "tcp://h:1", protocol: "wechat" });
    const json = { ...t, notifyContentFormat: "JSON" };
    expect(await scene.code("SetSubscriptionAttributes", { ...json, subscriptionName: "signed" })).toBe("0");
    expect(await settingsOf("signed")).toMatchObject({ push: { url: "http://h/", protocol: "cmq-json", keys: [] } });
    expect(await scene.code("SetSubscriptionAttributes", { ...json, subscriptionName: "line" })).toBe("4000/10110");
    expect(await settingsOf("line")).toMatchObject({ push: { url: "tcp://h:1", protocol: "wechat" } });
  });

  it("made by another API are shown as the nearest thing that CMQ has", async () => {
    const topic = await storedTopic(scene.store);
    const { settings } = subscriptionShape.read({ push: { url: "http://h/" } });
    await scene.store.catalog.putSubscription(topic.id, "pulled", { ...settings, push: null }, "now");
    expect(await scene.call("GetSubscriptionAttributes", { ...t, subscriptionName: "pulled" })).toMatchObject({
      protocol: "queue",
      endpoint: "",
      notifyContentFormat: "SIMPLIFIED",
    });
    const change = { ...t, subscriptionName: "pulled", notifyContentFormat: "JSON" };
    expect(await scene.code("SetSubscriptionAttributes", change)).toBe("4000/10110");
  });
});
