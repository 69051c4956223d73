import { expect } from "vitest";
import { unlimited, type AccountLimits } from "../../domain/account-limits.ts";
import type { AccountId } from "../../domain/model.ts";
import type { Store } from "../store.ts";
import { HOUR_MS, message, settings, topicSettings } from "./fixtures.ts";
import type { Part } from "./part.ts";

/** Creates an account with these limits. All other accounts are unlimited. */
async function limited(store: Store, name: string, limits: Partial<AccountLimits>): Promise<AccountId> {
  const id = await store.catalog.ensureAccount(name);
  store.catalog.limitAccounts((accountId) => (accountId === id ? { ...unlimited, ...limits } : unlimited));
  return id;
}

function countOf(results: readonly PromiseSettledResult<unknown>[]): number {
  return results.filter(({ status }) => status === "fulfilled").length;
}

export function accountLimitsContract({ promise, fresh }: Part): void {
  promise("creates no more topics than the account may have, even at the same time", async () => {
    await fresh(async ({ store: { catalog }, store }) => {
      const id = await limited(store, "small", { topicsMax: 2 });
      const puts = Array.from({ length: 6 }, (_, index) => catalog.putTopic(id, `topic-${index}`, topicSettings()));
      const results = await Promise.allSettled(puts);
      expect(countOf(results)).toBe(2);
      expect(results.find(({ status }) => status === "rejected")).toMatchObject({
        reason: { code: "topic_limit", details: [{ field: "limits.topicsMax" }] },
      });
      await expect(catalog.createTopic(id, "one-more", topicSettings())).rejects.toMatchObject({ code: "topic_limit" });
      await catalog.putTopic(id, "inbox:internal", topicSettings());
      await catalog.putTopic(catalog.defaultAccount().id, "of-another", topicSettings());
      const [first] = (await catalog.listTopics(id, { after: null, limit: 1 })).items;
      await catalog.putTopic(id, first?.name ?? "", topicSettings({ bodyBytesMax: 1 }));
      await catalog.deleteTopic(id, first?.name ?? "");
      await catalog.putTopic(id, "in-its-place", topicSettings());
    });
  });

  promise("creates no more subscriptions than the account may have over all its topics", async () => {
    await fresh(async ({ store: { catalog }, store }) => {
      const id = await limited(store, "small", { subscriptionsMax: 3 });
      const names = ["one", "two", "three"];
      const topics = await Promise.all(
        names.map(async (name) => (await catalog.putTopic(id, name, topicSettings())).topic),
      );
      const puts = topics.flatMap(({ id: topicId }) =>
        names.map((name) => catalog.putSubscription(topicId, name, settings(), "now")),
      );
      const results = await Promise.allSettled(puts);
      expect(countOf(results)).toBe(3);
      expect(results.find(({ status }) => status === "rejected")).toMatchObject({
        reason: { code: "subscription_limit", details: [{ field: "limits.subscriptionsMax" }] },
      });
      const [topic] = topics as [(typeof topics)[0]];
      await catalog.putSubscription(topic.id, "inbox:internal", settings(), "now");
      for (const { name } of topics) await catalog.deleteTopic(id, name);
      const { topic: other } = await catalog.putTopic(id, "other", topicSettings());
      for (const name of names) await catalog.putSubscription(other.id, name, settings(), "now");
    });
  });

  promise("keeps no message for longer than the account allows, except in internal topics", async () => {
    await fresh(async ({ store: { catalog }, store }) => {
      const id = await limited(store, "small", { retentionMsMax: HOUR_MS });
      const refused = { code: "invalid_request", details: [{ field: "limits.retentionMsMax" }] };
      const tooLong = topicSettings({ retentionMs: HOUR_MS + 1 });
      await expect(catalog.putTopic(id, "orders", tooLong)).rejects.toMatchObject(refused);
      await expect(catalog.createTopic(id, "orders", tooLong)).rejects.toMatchObject(refused);
      await catalog.putTopic(id, "orders", topicSettings({ retentionMs: HOUR_MS }));
      await expect(catalog.putTopic(id, "orders", tooLong)).rejects.toMatchObject(refused);
      await catalog.putTopic(id, "queue:internal", tooLong);
    });
  });

  promise("lists all topics of an account by id with the positions of their logs", async () => {
    await fresh(async ({ store: { catalog, log, records }, store }) => {
      const id = await limited(store, "small", {});
      const { topic } = await catalog.putTopic(id, "orders", topicSettings());
      const { topic: internal } = await catalog.putTopic(id, "inbox:internal", topicSettings());
      await catalog.putTopic(catalog.defaultAccount().id, "of-another", topicSettings());
      const bodies = ["four", "", "seven77", "é"];
      await log.append({ topicId: topic.id, messages: bodies.map((body) => message(body)), idempotency: null });
      const ranges = [
        { topic, firstSeq: 1, lastSeq: 4 },
        { topic: internal, firstSeq: 1, lastSeq: 0 },
      ].toSorted((one, other) => one.topic.id - other.topic.id);
      expect(await catalog.listTopicRanges(id, null, 10)).toEqual(ranges);
      expect(await catalog.listTopicRanges(id, null, 1)).toEqual(ranges.slice(0, 1));
      expect(await catalog.listTopicRanges(id, ranges[0]?.topic.id ?? null, 10)).toEqual(ranges.slice(1));
      expect(await records.bodyBytes(topic.id, 1, 4)).toBe(13);
      expect(await records.bodyBytes(topic.id, 2, 3)).toBe(7);
      expect(await records.bodyBytes(internal.id, 1, 10)).toBe(0);
    });
  });
}
