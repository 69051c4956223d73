import { expect } from "vitest";
import type { StateChange, Subscription, SubscriptionId, SubscriptionSettings } from "../../domain/model.ts";
import type { Claim } from "../log.ts";
import type { Page } from "../page.ts";
import type { Part } from "./part.ts";
import { HOUR_MS, message, parkedUntil, Scene, settings, textsOf, topicSettings } from "./fixtures.ts";

const pullSettings = settings({ push: null });
const namesOf = ({ items }: Page<{ readonly name: string }>) => items.map(({ name }) => name);

const signing = (...keys: string[]) => settings({ push: { ...settings().push, keys } as never });

export function subscriptionsContract({ promise, shared, fresh }: Part): void {
  const account = () => shared().store.catalog.defaultAccount().id;

  promise("creates a subscription, and changes nothing when the same is put again", async () => {
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
        disabled: null,
        health: null,
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

  promise("changes the settings of a subscription without moving its cursor", async () => {
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

  promise("starts a subscription from the oldest message of the log", async () => {
    const scene = await Scene.make(shared(), { retentionMs: HOUR_MS });
    await scene.publish("gone");
    scene.under.clock.advance(HOUR_MS);
    await scene.publish("a");
    await scene.store.log.retain();
    const reader = await scene.subscribe("reader", {}, "oldest");
    expect(await scene.store.records.subscriptionCounts(reader.id)).toMatchObject({ backlog: 1, expired: 0 });
    expect(textsOf(await scene.claim(reader))).toEqual(["a"]);
  });

  promise("refuses to turn a push subscription into a pull subscription or back, and changes nothing", async () => {
    const scene = await Scene.make(shared());
    const put = (name: string, fields: Partial<SubscriptionSettings>) =>
      scene.store.catalog.putSubscription(scene.topic.id, name, settings(fields), "now");
    const pull = { visibilityMs: 30_000, receivesMax: null };
    const kinds: readonly Partial<SubscriptionSettings>[] = [{}, { push: null, pull }, { push: null }];
    for (const [created, requested, field] of [
      [0, 1, "pull"],
      [0, 2, "pull"],
      [1, 0, "push"],
      [2, 0, "push"],
    ] as const) {
      const name = `${created}-${requested}`;
      const { subscription } = await put(name, kinds[created] ?? {});
      await expect(put(name, { ...kinds[requested], maxInFlight: 7 })).rejects.toMatchObject({
        code: "immutable_field",
        details: [{ field }],
      });
      expect(await scene.store.catalog.getSubscription(scene.topic.id, name)).toEqual(subscription);
      expect((await put(name, { ...kinds[created], maxInFlight: 7 })).created).toBe(false);
    }
  });

  promise("creates the push or pull subscription that the first of many concurrent puts describes", async () => {
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
    const succeeded = puts.flatMap((put) => (put.status === "fulfilled" ? [put.value] : []));
    expect(succeeded.filter(({ created }) => created)).toHaveLength(1);
    expect(succeeded).toHaveLength(5);
    expect(new Set(succeeded.map(({ subscription }) => subscription.settings.push === null)).size).toBe(1);
    for (const put of puts) {
      if (put.status === "rejected") expect(put.reason).toMatchObject({ code: "immutable_field" });
    }
  });

  promise("starts a subscription from a position, up to that of the next message", async () => {
    const scene = await Scene.make(shared());
    await scene.publish("1", "2", "3");
    const [first, second, next] = [
      await scene.subscribe("first", {}, { seq: 0 }),
      await scene.subscribe("second", {}, { seq: 2 }),
      await scene.subscribe("next", {}, { seq: 4 }),
    ];
    expect(textsOf(await scene.claim(first))).toEqual(["1", "2", "3"]);
    expect(textsOf(await scene.claim(second))).toEqual(["2", "3"]);
    for (const seq of [5, 1e15]) {
      await expect(scene.subscribe("later", {}, { seq })).rejects.toMatchObject({
        code: "invalid_request",
        details: [{ field: "start.seq", message: "must be at most 4, the next message's position" }],
      });
    }
    await scene.publish("4", "5");
    expect(textsOf(await scene.claim(next))).toEqual(["4", "5"]);
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

  promise("finds the subscriptions of all topics that sign with a key", async () => {
    const scene = await Scene.make(shared());
    const { catalog } = scene.store;
    const { topic: other } = await catalog.putTopic(account(), "other-keys", topicSettings());
    await catalog.putSubscription(scene.topic.id, "both", signing("k.1", "k.2"), "now");
    await catalog.putSubscription(scene.topic.id, "none", signing(), "now");
    await catalog.putSubscription(scene.topic.id, "longer", signing("k.10"), "now");
    const { subscription } = await catalog.putSubscription(other.id, "second", signing("k.2"), "now");
    const found = (kid: string, limit = 10) => catalog.subscriptionsOfKey(account(), kid, limit);
    expect((await found("k.1")).map(({ name }) => name)).toEqual(["both"]);
    expect((await found("k.2")).map(({ name }) => name).sort()).toEqual(["both", "second"]);
    expect(await found("k.2")).toContainEqual(subscription);
    expect(await found("k.2", 1)).toHaveLength(1);
    expect(await found("k")).toEqual([]);
    expect(await found("none")).toEqual([]);
  });

  promise("lists the subscriptions of all topics that have sealed secrets, in pages by id", async () => {
    await fresh(async (under) => {
      const { catalog } = under.store;
      const { id } = catalog.defaultAccount();
      const put = async (topic: string, name: string, push: object) => {
        const { topic: on } = await catalog.putTopic(id, topic, topicSettings());
        const withSecrets = { ...settings().push, ...push } as never;
        // Neither the value of a label nor a description counts as a secret.
        const texts = { labels: { a: '"sealed":"' }, description: 'has "sealed":"b"' };
        const given = settings({ push: withSecrets, ...texts });
        return (await catalog.putSubscription(on.id, name, given, "now")).subscription;
      };
      await put("one", "without", {});
      const both = [
        await put("one", "first", { headers: { "X-A": { sealed: "1", bytes: 1 } } }),
        await put("two", "second", { tls: { key: { sealed: "2", bytes: 1 } } }),
      ] as const;
      const [first, second] = both[0].id < both[1].id ? both : [both[1], both[0]];
      expect(await catalog.subscriptionsWithSecrets(0 as never, 10)).toEqual([first, second]);
      expect(await catalog.subscriptionsWithSecrets(0 as never, 1)).toEqual([first]);
      expect(await catalog.subscriptionsWithSecrets(first.id, 10)).toEqual([second]);
    });
  });

  promise("lists subscriptions by name, in pages without gaps", async () => {
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

  promise("finds the server's own topics and subscriptions by name, and neither lists nor counts them", async () => {
    await fresh(async (under) => {
      const { id } = under.store.catalog.defaultAccount();
      for (const name of ["c", "inbox:b", "a"]) await under.store.catalog.putTopic(id, name, topicSettings());
      const { topic } = await under.store.catalog.putTopic(id, "a", topicSettings());
      for (const name of ["s", "inbox:r", "q"])
        await under.store.catalog.putSubscription(topic.id, name, pullSettings, "now");
      await under.store.log.append({ topicId: topic.id, messages: [message("1")], idempotency: null });
      const expectListed = async () => {
        const topics = await under.store.catalog.listTopics(id, { after: null, limit: 2 });
        expect([namesOf(topics), topics.next]).toEqual([["a", "c"], null]);
        const subscriptions = await under.store.catalog.listSubscriptions(topic.id, { after: null, limit: 2 });
        expect([namesOf(subscriptions), subscriptions.next]).toEqual([["q", "s"], null]);
        expect(await under.store.records.statistics()).toMatchObject({ topics: 2, subscriptions: 2, backlog: 3 });
      };
      await expectListed();
      await under.crash();
      await expectListed();
      expect(await under.store.catalog.getTopic(id, "inbox:b")).toMatchObject({ name: "inbox:b" });
      const own = (await under.store.catalog.getSubscription(topic.id, "inbox:r")) as Subscription;
      const want = { subscriptionId: own.id, deliveriesMax: 1, bytesMax: 1, fromLog: true };
      const [claim] = await under.store.log.claim([want], 1_000);
      expect(textsOf(claim as Claim)).toEqual(["1"]);
    });
  });

  promise("deletes a subscription, and starts a new one of the same name from its own start", async () => {
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

  promise("writes nothing of a settlement whose subscription is deleted before the settlement is durable", async () => {
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

  promise("pauses and resumes a subscription, and keeps its state over a crash", async () => {
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

  promise("keeps why a subscription was disabled until its state changes again, also over a crash", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader");
    const change = (to: StateChange) => scene.store.catalog.setSubscriptionState(scene.topic.id, "reader", to);
    const why = { atMs: scene.now, reason: "gone", messageId: scene.idOf(1), attempt: 3 } as const;
    const disabled = await change(why);
    expect(disabled).toEqual({ ...reader, state: "disabled", disabled: why, version: 2, updatedAtMs: scene.now });
    // The first reason stays.
    expect(await change({ ...why, attempt: 4 })).toEqual(disabled);
    await scene.under.crash();
    expect(await scene.store.catalog.getSubscription(scene.topic.id, "reader")).toEqual(disabled);
    expect(await scene.store.catalog.getSubscriptionById(reader.id)).toEqual(disabled);
    expect((await scene.store.catalog.listSubscriptions(scene.topic.id, { after: null, limit: 9 })).items).toEqual([
      disabled,
    ]);
    expect(await change("active")).toMatchObject({ state: "active", disabled: null, version: 3 });
  });

  promise("notifies all listeners of every change to a subscription", async () => {
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

  promise("applies a new filter to messages that no claim has read yet", async () => {
    const scene = await Scene.make(shared());
    const reader = await scene.subscribe("reader", { filter: { tags: ["a"], types: [] } });
    await scene.publish(message("1", { tags: ["b"] }));
    expect(textsOf(await scene.claim(reader))).toEqual([]);
    await scene.publish(message("2", { tags: ["b"] }));
    await scene.subscribe("reader", { filter: { tags: ["b"], types: [] } });
    expect(textsOf(await scene.claim(reader))).toEqual(["2"]);
  });
}
