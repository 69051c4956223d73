import { expect } from "vitest";
import type { Page } from "../page.ts";
import { HOUR_MS, Scene, settings, textsOf, topicSettings } from "./fixtures.ts";
import type { Part } from "./part.ts";

export function topicsContract({ promise, shared, fresh }: Part): void {
  const account = () => shared().store.catalog.defaultAccount().id;

  promise("has an account with the configured name and app id", () => {
    expect(shared().store.catalog.defaultAccount()).toMatchObject({ name: "default", appId: 1_250_000_000 });
    return Promise.resolve();
  });

  promise("creates a topic with the settings as given, unknown members included", async () => {
    const { store, clock } = shared();
    const all = { ...topicSettings(), labels: { customer: "acme", "": "é" }, nested: [{ a: null }] };
    const { topic, created } = await store.catalog.putTopic(account(), "created", all);
    expect(created).toBe(true);
    expect(topic).toEqual({
      id: expect.any(Number) as number,
      accountId: account(),
      name: "created",
      settings: all,
      version: 1,
      createdAtMs: clock.now(),
      updatedAtMs: clock.now(),
    });
    expect(await store.catalog.getTopic(account(), "created")).toEqual(topic);
    await shared().crash();
    expect(await shared().store.catalog.getTopic(account(), "created")).toEqual(topic);
  });

  promise("replaces a topic's settings as a whole, and changes nothing when they are equal", async () => {
    const { store, clock } = shared();
    const first = { ...topicSettings({ retentionMs: HOUR_MS }), labels: { a: "b" } };
    const { topic } = await store.catalog.putTopic(account(), "twice", first);
    clock.advance(10);
    expect(await store.catalog.putTopic(account(), "twice", first)).toEqual({ topic, created: false });
    const second = topicSettings({ bodyBytesMax: 2_048 });
    const changed = await store.catalog.putTopic(account(), "twice", second);
    expect(changed).toEqual({
      topic: { ...topic, settings: second, version: 2, updatedAtMs: clock.now() },
      created: false,
    });
    await shared().crash();
    expect(await shared().store.catalog.getTopic(account(), "twice")).toEqual(changed.topic);
  });

  promise("creates one topic from many concurrent puts", async () => {
    const { store } = shared();
    const puts = await Promise.all(
      Array.from({ length: 10 }, () => store.catalog.putTopic(account(), "race", topicSettings())),
    );
    expect(puts.filter((put) => put.created)).toHaveLength(1);
    expect(new Set(puts.map((put) => put.topic.id)).size).toBe(1);
  });

  promise("lists topics by name, in pages without gaps", async () => {
    await fresh(async ({ store }) => {
      const id = store.catalog.defaultAccount().id;
      const names = ["b", "B", "a", "c_1", "c-1", "c1", "A9"];
      for (const name of names) await store.catalog.putTopic(id, name, topicSettings());
      const seen: string[] = [];
      const sizes: number[] = [];
      let after: string | null = null;
      do {
        const page: Page<{ readonly name: string }> = await store.catalog.listTopics(id, { after, limit: 3 });
        seen.push(...page.items.map((topic) => topic.name));
        sizes.push(page.items.length);
        after = page.next;
      } while (after !== null);
      expect(sizes).toEqual([3, 3, 1]);
      expect(seen).toEqual(names.toSorted());
      expect(await store.catalog.listTopics(id, { after: null, limit: 7 })).toMatchObject({ next: null });
      // The topic at which the next page begins may be deleted between two pages.
      await store.catalog.deleteTopic(id, seen[2] as string);
      const second = await store.catalog.listTopics(id, { after: seen[2] as string, limit: 3 });
      expect(second.items.map((topic) => topic.name)).toEqual(seen.slice(3, 6));
    });
  });

  promise("deletes a topic with its messages and subscriptions, and never uses its id again", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader");
    await scene.publish("a");
    const claim = await scene.claim(reader);
    const { store } = scene;
    expect(await store.catalog.deleteTopic(account(), scene.topic.name)).toBe(true);
    expect(await store.catalog.deleteTopic(account(), scene.topic.name)).toBe(false);
    expect(await store.catalog.getTopic(account(), scene.topic.name)).toBeNull();
    expect(await store.catalog.getSubscriptionById(reader.id)).toBeNull();
    expect(await store.catalog.getSubscription(scene.topic.id, "reader")).toBeNull();
    expect(await store.records.getMessage(account(), scene.idOf(1))).toBeNull();
    expect(textsOf(await scene.claim(reader))).toEqual([]);
    expect(await store.log.renew([claim.id], 1)).toEqual([]);
    await expect(store.catalog.listSubscriptions(scene.topic.id, { after: null, limit: 1 })).rejects.toMatchObject({
      code: "topic_not_found",
    });
    await shared().crash();
    const { topic } = await shared().store.catalog.putTopic(account(), scene.topic.name, topicSettings());
    expect(topic.id).not.toBe(scene.topic.id);
    const again = await shared().store.catalog.putSubscription(topic.id, "reader", settings(), "oldest");
    expect(textsOf(await scene.claim(again.subscription))).toEqual([]);
  });

  promise("finds a topic by its name in any case, and prefers an exact match", async () => {
    const { store } = shared();
    const { topic: lower } = await store.catalog.putTopic(account(), "any-case-x", topicSettings());
    const { topic: queue } = await store.catalog.putTopic(account(), "queue:Any-Case-X", topicSettings());
    expect(await store.catalog.findTopicAnyCase(account(), "ANY-Case-x")).toEqual(lower);
    expect(await store.catalog.createTopic(account(), "ANY-Case-x", topicSettings())).toBeNull();
    const names = ["Created-once", "created-once", "CREATED-ONCE", "created-once"];
    const created = await Promise.all(names.map((name) => store.catalog.createTopic(account(), name, topicSettings())));
    expect(created.filter((topic) => topic !== null)).toEqual([
      await store.catalog.findTopicAnyCase(account(), "created-ONCE"),
    ]);
    expect(await store.catalog.findTopicAnyCase(account(), "queue:any-case-X")).toEqual(queue);
    const { topic: upper } = await store.catalog.putTopic(account(), "ANY-CASE-X", topicSettings());
    expect(await store.catalog.findTopicAnyCase(account(), "any-case-x")).toEqual(lower);
    expect(await store.catalog.findTopicAnyCase(account(), "ANY-CASE-X")).toEqual(upper);
    await store.catalog.deleteTopic(account(), "any-case-x");
    expect(await store.catalog.findTopicAnyCase(account(), "any-case-x")).toEqual(upper);
    await store.catalog.deleteTopic(account(), "ANY-CASE-X");
    expect(await store.catalog.findTopicAnyCase(account(), "any-case-x")).toBeNull();
    expect(await store.catalog.findTopicAnyCase(account(), "any_case-x")).toBeNull();
  });
}
