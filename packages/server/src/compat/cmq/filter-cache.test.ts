import { beforeEach, describe, expect, it } from "vitest";
import type { Filter, Topic } from "../../domain/model.ts";
import { subscriptionShape } from "../../shapes/subscription.ts";
import { topicShape } from "../../shapes/topic.ts";
import { MemoryStore } from "../../store/memory/memory-store.ts";
import { FilterCache } from "./filter-cache.ts";

let store: MemoryStore;
let audiences: FilterCache;
let topic: Topic;
let looks: number;
beforeEach(async () => {
  store = new MemoryStore();
  looks = 0;
  const list = store.catalog.listSubscriptions.bind(store.catalog);
  store.catalog.listSubscriptions = (id, page) => {
    looks++;
    return list(id, page);
  };
  audiences = new FilterCache(store, 10);
  ({ topic } = await store.catalog.putTopic(store.catalog.defaultAccount().id, "orders", topicShape.read({})));
});

const subscribe = (name: string, filter: Partial<Filter> = {}, to = topic) =>
  store.catalog.putSubscription(
    to.id,
    name,
    subscriptionShape.read({ push: { url: "http://h/" }, filter }).settings,
    "now",
  );
const reach = (...tags: string[]) => audiences.reach(topic, { tags, type: null });

describe("the filter cache", () => {
  it("distinguishes a topic without subscriptions from one without a match", async () => {
    expect(await reach("a")).toBe("no-subscription");
    await subscribe("s", { tags: ["a"] });
    expect(await reach("a")).toBe("reached");
    expect(await reach("b")).toBe("nothing-matches");
    expect(await reach()).toBe("nothing-matches");
  });

  it("reads the filters once while messages match", async () => {
    await subscribe("s");
    await reach();
    const before = looks;
    for (let count = 0; count < 100; count++) expect(await reach("a")).toBe("reached");
    expect(looks).toBe(before);
  });

  it("reads the filters again after a subscription changed or was deleted, and before each refusal", async () => {
    await subscribe("s", { tags: ["a"] });
    await reach("a");
    await subscribe("s", { tags: ["b"] });
    expect(await reach("a")).toBe("nothing-matches");
    await subscribe("t", { tags: ["a"] });
    expect(await reach("a")).toBe("reached");
    await store.catalog.deleteSubscription(topic.id, "t");
    expect(await reach("a")).toBe("nothing-matches");
    await store.catalog.deleteSubscription(topic.id, "s");
    expect(await reach("b")).toBe("no-subscription");
  });

  it("counts an inbox that reads the topic", async () => {
    const account = store.catalog.defaultAccount().id;
    await store.entries.put(account, "inbox", "box", { topic: "orders" });
    await store.entries.put(account, "inbox", "other", { topic: null });
    expect(await reach()).toBe("no-subscription");
    await subscribe("inbox:box");
    expect(await reach("a")).toBe("reached");
    expect(audiences.isKnownToReach(topic, { tags: [], type: null })).toBe(true);
    await store.catalog.deleteSubscription(topic.id, "inbox:box");
    expect(await reach("a")).toBe("no-subscription");
  });

  it("reads once for many concurrent requests", async () => {
    await subscribe("s");
    expect(new Set(await Promise.all(Array.from({ length: 50 }, () => reach())))).toEqual(new Set(["reached"]));
    expect(looks).toBe(1);
  });

  it("does not cache filters that changed while they were read", async () => {
    await subscribe("s", { tags: ["a"] });
    const reading = reach("a");
    await subscribe("s", { tags: ["b"] });
    await reading;
    expect(await reach("a")).toBe("nothing-matches");
  });

  it("caches a limited number of filters, and answers correctly past the limit", async () => {
    const topics: Topic[] = [];
    for (let count = 0; count < 6; count++) {
      const { topic: other } = await store.catalog.putTopic(
        store.catalog.defaultAccount().id,
        `t${count}`,
        topicShape.read({}),
      );
      for (let each = 0; each < count * 4; each++) await subscribe(`s${each}`, { tags: ["a"] }, other);
      topics.push(other);
    }
    for (const other of [...topics, ...topics]) {
      const answer = await audiences.reach(other, { tags: ["a"], type: null });
      expect(answer).toBe(other.name === "t0" ? "no-subscription" : "reached");
    }
  });
});
