import { expect, it } from "vitest";
import { storedTopics } from "../../api/testing/stored.ts";
import { limits } from "../../domain/limits.ts";
import type { TopicSettings } from "../../domain/model.ts";
import { cmqScene } from "./testing/scene.ts";

// Real: the HTTP application, the CMQ API, the memory driver. Faked: publisher, events, clock.

it("topics that filter by route are limited in number, and topics that were deleted by the native API do not count", async () => {
  const scene = await cmqScene();
  const t = { topicName: "orders" };
  const account = scene.store.catalog.defaultAccount().id;
  const routed = { ...t, filterType: 2 };
  await scene.call("CreateTopic", { ...routed, topicName: "kept" });
  const [kept] = await storedTopics(scene.store);
  for (let at = 1; at < limits.entriesMax; at++) {
    await scene.store.entries.put(account, "cmq-routed-topic", `gone-${at}`, { topicId: 1e9 + at });
  }
  expect(await scene.code("CreateTopic", routed)).toBe("0");
  expect(await scene.call("GetTopicAttributes", { topicName: "kept" })).toMatchObject({ filterType: 2 });
  expect(await scene.call("GetTopicAttributes", t)).toMatchObject({ filterType: 2 });

  for (let at = 2; at < limits.entriesMax; at++) {
    const { topic } = await scene.store.catalog.putTopic(account, `routed-${at}`, kept?.settings as TopicSettings);
    await scene.store.entries.put(account, "cmq-routed-topic", topic.name, { topicId: topic.id });
  }
  expect(await scene.code("CreateTopic", { ...routed, topicName: "more" })).toBe("4450/10610");
  expect(await scene.code("GetTopicAttributes", { topicName: "more" })).toBe("4440/10600");
});
