import { expect } from "vitest";
import type { Subscription, SubscriptionId, SubscriptionSettings } from "../../domain/model.ts";
import type { Claim } from "../log.ts";
import type { Page } from "../page.ts";
import type { Part } from "./part.ts";
import { HOUR_MS, message, parkedUntil, Scene, settings, textsOf, topicSettings } from "./fixtures.ts";

const pulled = settings({ push: null });
const namesOf = ({ items }: Page<{ readonly name: string }>) => items.map(({ name }) => name);

export function catalogContract({ promise, shared, fresh }: Part): void {
  const account = () => shared().store.catalog.defaultAccount().id;

  promise("has an account with the configured name and app id", () => {
    expect(shared().store.catalog.defaultAccount()).toMatchObject({ name: "default", appId: 1_250_000_000 });
    return Promise.resolve();
  });

  promise("creates a topic with the settings that are put, members that it does not know included", async () => {
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

  promise("makes one topic of many concurrent puts", async () => {
    const { store } = shared();
    const puts = await Promise.all(
      Array.from({ length: 10 }, () => store.catalog.putTopic(account(), "race", topicSettings())),
    );
    expect(puts.filter((put) => put.created)).toHaveLength(1);
    expect(new Set(puts.map((put) => put.topic.id)).size).toBe(1);
  });

  promise("lists topics by name, in pages without a gap", async () => {
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
      // Between two pages the place in the list may be deleted.
      await store.catalog.deleteTopic(id, seen[2] as string);
      const second = await store.catalog.listTopics(id, { after: seen[2] as string, limit: 3 });
      expect(second.items.map((topic) => topic.name)).toEqual(seen.slice(3, 6));
    });
  });

  promise("deletes a topic with everything of its own, and never gives its id again", async () => {
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

  promise("makes a subscription, and puts it twice without harm", async () => {
    const scene = await Scene.make(shared());
    const first = await scene.store.catalog.putSubscription(scene.topic.id, "reader", settings(), "now");
    expect(first).toEqual({
      subscription: {
        id: expect.any(Number) as number,
        accountId: account(),
        topicId: scene.topic.id,
        topic: scene.topic.name,
        name: "reader",
        state: "active",
        settings: settings(),
        version: 1,
        createdAtMs: scene.now,
        updatedAtMs: scene.now,
      },
      created: true,
    });
    scene.under.clock.advance(10);
    const second = await scene.store.catalog.putSubscription(scene.topic.id, "reader", settings(), "oldest");
    expect(second).toEqual({ ...first, created: false });
    const changed = settings({
      maxInFlight: 3,
      retry: { delaysMs: [1, 2] },
      filter: { tags: ["重要"], types: [] },
    });
    const third = await scene.store.catalog.putSubscription(scene.topic.id, "reader", changed, "oldest");
    expect(third).toEqual({
      subscription: { ...first.subscription, settings: changed, version: 2, updatedAtMs: scene.now },
      created: false,
    });
    await scene.under.crash();
    expect(await scene.store.catalog.getSubscription(scene.topic.id, "reader")).toEqual(third.subscription);
    expect(await scene.store.catalog.getSubscriptionById(first.subscription.id)).toEqual(third.subscription);
  });

  promise("changes a subscription without touching where it is", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader");
    await scene.publish("a", "b", "c");
    await scene.settleNext(reader, { kind: "delivered" }, { deliveriesMax: 1 });
    await scene.settleNext(reader, parkedUntil(scene.now + 10), { deliveriesMax: 1 });
    await scene.subscribe("reader", { maxInFlight: 1 }, "oldest");
    expect(textsOf(await scene.claim(reader))).toEqual(["c"]);
    scene.under.clock.advance(10);
    expect(textsOf(await scene.claim(reader))).toEqual(["b"]);
  });

  promise("refuses a subscription to an unknown topic", async () => {
    const scene = await Scene.make(shared());
    await scene.store.catalog.deleteTopic(account(), scene.topic.name);
    await expect(scene.subscribe("reader")).rejects.toMatchObject({ code: "topic_not_found" });
    expect(await scene.store.catalog.setSubscriptionState(scene.topic.id, "reader", "paused")).toBeNull();
    expect(await scene.store.catalog.deleteSubscription(scene.topic.id, "reader")).toBe(false);
  });

  promise("starts a subscription from now", async () => {
    const scene = await Scene.make(shared());
    await scene.publish("before");
    const reader = await scene.subscribe("reader", {}, "now");
    await scene.publish("after");
    expect(textsOf(await scene.claim(reader))).toEqual(["after"]);
    expect(await scene.deliveryOf(1, reader)).toMatchObject({ state: "skipped" });
  });

  promise("starts a subscription from the oldest message there is", async () => {
    const scene = await Scene.make(shared(), { retentionMs: HOUR_MS });
    await scene.publish("gone");
    scene.under.clock.advance(HOUR_MS);
    await scene.publish("a");
    await scene.store.log.retain();
    const reader = await scene.subscribe("reader", {}, "oldest");
    expect(await scene.store.records.subscriptionCounts(reader.id)).toMatchObject({ backlog: 1, expired: 0 });
    expect(textsOf(await scene.claim(reader))).toEqual(["a"]);
  });

  promise("keeps a subscription pushed or pulled from as it was made, and changes nothing else then", async () => {
    const scene = await Scene.make(shared());
    const put = (name: string, fields: Partial<SubscriptionSettings>) =>
      scene.store.catalog.putSubscription(scene.topic.id, name, settings(fields), "now");
    const pull = { visibilityMs: 30_000, receivesMax: null };
    const kinds: readonly Partial<SubscriptionSettings>[] = [{}, { push: null, pull }, { push: null }];
    for (const [made, asked, field] of [
      [0, 1, "pull"],
      [0, 2, "pull"],
      [1, 0, "push"],
      [2, 0, "push"],
    ] as const) {
      const name = `${made}-${asked}`;
      const { subscription } = await put(name, kinds[made] ?? {});
      await expect(put(name, { ...kinds[asked], maxInFlight: 7 })).rejects.toMatchObject({
        code: "immutable_field",
        details: [{ field }],
      });
      expect(await scene.store.catalog.getSubscription(scene.topic.id, name)).toEqual(subscription);
      expect((await put(name, { ...kinds[made], maxInFlight: 7 })).created).toBe(false);
    }
  });

  promise("makes a subscription pushed or pulled from, as the first of many concurrent puts says", async () => {
    const scene = await Scene.make(shared());
    const puts = await Promise.allSettled(
      Array.from({ length: 10 }, (_, index) =>
        scene.store.catalog.putSubscription(
          scene.topic.id,
          "race",
          settings(index % 2 === 0 ? {} : { push: null, pull: { visibilityMs: 30_000, receivesMax: null } }),
          "now",
        ),
      ),
    );
    const made = puts.flatMap((put) => (put.status === "fulfilled" ? [put.value] : []));
    expect(made.map(({ created }) => created).filter(Boolean)).toHaveLength(1);
    expect(made).toHaveLength(5);
    expect(new Set(made.map(({ subscription }) => subscription.settings.push === null)).size).toBe(1);
    for (const put of puts) {
      if (put.status === "rejected") expect(put.reason).toMatchObject({ code: "immutable_field" });
    }
  });

  promise("starts a subscription from a position, past or to come", async () => {
    const scene = await Scene.make(shared());
    await scene.publish("1", "2", "3");
    const [first, second, sixth] = [
      await scene.subscribe("first", {}, { seq: 0 }),
      await scene.subscribe("second", {}, { seq: 2 }),
      await scene.subscribe("sixth", {}, { seq: 6 }),
    ];
    expect(textsOf(await scene.claim(first))).toEqual(["1", "2", "3"]);
    expect(textsOf(await scene.claim(second))).toEqual(["2", "3"]);
    await scene.publish("4", "5", "6", "7");
    expect(textsOf(await scene.claim(sixth))).toEqual(["6", "7"]);
  });

  promise("starts a subscription from a time", async () => {
    const scene = await Scene.make(shared());
    const times: number[] = [];
    for (const text of ["1", "2", "3", "4"]) {
      times.push((await scene.publish(text)).publishedAtMs);
      scene.under.clock.advance(text === "2" ? 0 : 100);
    }
    const from = async (name: string, atMs: number) =>
      textsOf(await scene.claim(await scene.subscribe(name, {}, { atMs })));
    const [first, second, , fourth] = times as [number, number, number, number];
    expect(await from("early", 0)).toEqual(["1", "2", "3", "4"]);
    expect(await from("exact", second)).toEqual(["2", "3", "4"]);
    expect(await from("between", first + 1)).toEqual(["2", "3", "4"]);
    expect(await from("last", fourth)).toEqual(["4"]);
    expect(await from("after", fourth + 1)).toEqual([]);
  });

  promise("lists subscriptions by name, in pages without a gap", async () => {
    const scene = await Scene.make(shared());
    for (const name of ["d", "b", "a", "e", "c"]) await scene.subscribe(name);
    const seen: string[][] = [];
    let after: string | null = null;
    do {
      const page: Page<{ readonly name: string }> = await scene.store.catalog.listSubscriptions(scene.topic.id, {
        after,
        limit: 2,
      });
      seen.push(page.items.map((subscription) => subscription.name));
      after = page.next;
    } while (after !== null);
    expect(seen).toEqual([["a", "b"], ["c", "d"], ["e"]]);
  });

  promise("finds what is the server's own by its name, and lists and counts it nowhere", async () => {
    await fresh(async (under) => {
      const { id } = under.store.catalog.defaultAccount();
      for (const name of ["c", "inbox:b", "a"]) await under.store.catalog.putTopic(id, name, topicSettings());
      const { topic } = await under.store.catalog.putTopic(id, "a", topicSettings());
      for (const name of ["s", "inbox:r", "q"])
        await under.store.catalog.putSubscription(topic.id, name, pulled, "now");
      await under.store.log.append({ topicId: topic.id, messages: [message("1")], idempotency: null });
      const look = async () => {
        const topics = await under.store.catalog.listTopics(id, { after: null, limit: 2 });
        expect([namesOf(topics), topics.next]).toEqual([["a", "c"], null]);
        const subscriptions = await under.store.catalog.listSubscriptions(topic.id, { after: null, limit: 2 });
        expect([namesOf(subscriptions), subscriptions.next]).toEqual([["q", "s"], null]);
        expect(await under.store.records.statistics()).toMatchObject({ topics: 2, subscriptions: 2, backlog: 3 });
      };
      await look();
      await under.crash();
      await look();
      expect(await under.store.catalog.getTopic(id, "inbox:b")).toMatchObject({ name: "inbox:b" });
      const own = (await under.store.catalog.getSubscription(topic.id, "inbox:r")) as Subscription;
      const want = { subscriptionId: own.id, deliveriesMax: 1, bytesMax: 1, fromLog: true };
      const [claim] = await under.store.log.claim([want], 1_000);
      expect(textsOf(claim as Claim)).toEqual(["1"]);
    });
  });

  promise("deletes a subscription, and another one of its name begins anew", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader");
    await scene.publish("a", "b");
    await scene.settleNext(reader, parkedUntil(scene.now), { deliveriesMax: 1 });
    expect(await scene.store.catalog.deleteSubscription(scene.topic.id, "reader")).toBe(true);
    expect(await scene.store.catalog.deleteSubscription(scene.topic.id, "reader")).toBe(false);
    expect(await scene.store.catalog.getSubscription(scene.topic.id, "reader")).toBeNull();
    const again = await scene.subscribe("reader");
    expect(again.id).not.toBe(reader.id);
    await scene.under.crash();
    await scene.publish("c");
    expect(textsOf(await scene.claim(again))).toEqual(["c"]);
    await expect(scene.store.records.subscriptionCounts(reader.id)).rejects.toMatchObject({
      code: "subscription_not_found",
    });
    await expect(scene.store.records.unsettledCounts(reader.id)).rejects.toMatchObject({
      code: "subscription_not_found",
    });
  });

  promise("writes nothing of a settlement whose subscription is deleted before it is durable", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader");
    await scene.publish("a");
    const claim = await scene.claim(reader);
    await Promise.all([
      scene.settle(claim, parkedUntil(scene.now)),
      scene.store.catalog.deleteSubscription(scene.topic.id, "reader"),
    ]);
    await scene.under.crash();
    expect(await scene.store.catalog.getSubscriptionById(reader.id)).toBeNull();
  });

  promise("pauses and resumes, and keeps that over a crash", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader");
    scene.under.clock.advance(10);
    const paused = await scene.store.catalog.setSubscriptionState(scene.topic.id, "reader", "paused");
    expect(paused).toEqual({ ...reader, state: "paused", version: 2, updatedAtMs: scene.now });
    scene.under.clock.advance(10);
    expect(await scene.store.catalog.setSubscriptionState(scene.topic.id, "reader", "paused")).toEqual(paused);
    await scene.under.crash();
    expect(await scene.store.catalog.getSubscription(scene.topic.id, "reader")).toEqual(paused);
    expect(await scene.store.catalog.setSubscriptionState(scene.topic.id, "reader", "active")).toMatchObject({
      state: "active",
    });
    expect(await scene.store.catalog.setSubscriptionState(scene.topic.id, "nobody", "active")).toBeNull();
  });

  promise("tells all who listen of every change to a subscription", async () => {
    const scene = await Scene.make(shared());
    const [changed, alsoChanged]: [SubscriptionId[], SubscriptionId[]] = [[], []];
    scene.store.catalog.onSubscriptionChange((id) => changed.push(id));
    scene.store.catalog.onSubscriptionChange((id) => alsoChanged.push(id));
    const reader = await scene.subscribe("reader");
    const count = async (change: () => Promise<unknown>): Promise<number> => {
      const before = changed.length;
      await change();
      expect(changed.slice(before).every((id) => id === reader.id)).toBe(true);
      return changed.length - before;
    };
    expect(await count(() => scene.subscribe("reader"))).toBe(0);
    expect(await count(() => scene.subscribe("reader", { maxInFlight: 2 }))).toBeGreaterThan(0);
    expect(await count(() => scene.subscribe("reader", { order: "strict" }))).toBeGreaterThan(0);
    expect(
      await count(() => scene.store.catalog.setSubscriptionState(scene.topic.id, "reader", "paused")),
    ).toBeGreaterThan(0);
    expect(
      await count(() => scene.store.catalog.setSubscriptionState(scene.topic.id, "reader", "active")),
    ).toBeGreaterThan(0);
    expect(await count(() => scene.store.catalog.deleteTopic(account(), scene.topic.name))).toBeGreaterThan(0);
    expect(alsoChanged).toEqual(changed);
  });

  promise("judges what a claim has not looked at yet by the new filter", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader", { filter: { tags: ["a"], types: [] } });
    await scene.publish(message("1", { tags: ["b"] }));
    expect(textsOf(await scene.claim(reader))).toEqual([]);
    await scene.publish(message("2", { tags: ["b"] }));
    await scene.subscribe("reader", { filter: { tags: ["b"], types: [] } });
    expect(textsOf(await scene.claim(reader))).toEqual(["2"]);
  });
}
