import { beforeEach, expect, it } from "vitest";
import { type ErrorCode, RingbackError } from "../../domain/errors.ts";
import { cmqScene, type Params, type Scene } from "./testing/scene.ts";

// Real: the HTTP application and the door. Faked: what stands behind it, which refuses as the real one would.
let scene: Scene;
beforeEach(async () => {
  scene = await cmqScene();
  await scene.ask("CreateTopic", { topicName: "orders" });
  await scene.ask("CreateQueue", { queueName: "work" });
});

const subscription: Params = {
  topicName: "orders",
  subscriptionName: "s",
  protocol: "http",
  endpoint: "http://h/",
};

it.each<[ErrorCode, string, Params, string]>([
  ["topic_limit", "CreateTopic", { topicName: "more" }, "4450/10610"],
  ["storage_unavailable", "CreateTopic", { topicName: "more" }, "6000/10050"],
  ["entry_limit", "CreateQueue", { queueName: "more" }, "4450/10220"],
  ["storage_full", "SendMessage", { queueName: "work", msgBody: "x" }, "6000/10050"],
  ["overloaded", "SendMessage", { queueName: "work", msgBody: "x" }, "6000/10050"],
  ["overloaded", "ReceiveMessage", { queueName: "work" }, "6000/10050"],
  ["too_many_waiters", "ReceiveMessage", { queueName: "work", pollingWaitSeconds: 1 }, "4420/10250"],
  ["shutting_down", "ReceiveMessage", { queueName: "work" }, "6000/10050"],
])("%s behind %s is told in CMQ's words", async (code, action, params, told) => {
  const failure = new RingbackError(code);
  scene.store.failure = failure;
  scene.queues.failure = failure;
  expect(await scene.code(action, params)).toBe(told);
  expect(scene.logLines).toEqual([]);
});

it("a topic with as many subscriptions as it may have says so", async () => {
  scene.store.catalog.putSubscription = () => Promise.reject(new RingbackError("subscription_limit"));
  expect(await scene.code("Subscribe", subscription)).toBe("4500/10480");
});

it("what nobody foresaw is logged with its action alone, and the client is told nothing of it", async () => {
  scene.queues.failure = new Error("a secret place");
  const answer = await scene.ask("SendMessage", { queueName: "work", msgBody: "a secret body" });
  expect(answer).toMatchObject({ code: 6000, message: "(10050)the server cannot do it at the moment" });
  const [line = "", ...others] = scene.logLines;
  expect(others).toEqual([]);
  expect(JSON.parse(line)).toMatchObject({ action: "SendMessage", err: { message: "a secret place" } });
  expect(line).not.toContain("a secret body");
});

it("goes on after a refusal", async () => {
  scene.queues.failure = new RingbackError("overloaded");
  await scene.code("ReceiveMessage", { queueName: "work" });
  scene.queues.failure = null;
  expect(await scene.code("SendMessage", { queueName: "work", msgBody: "x" })).toBe("0");
  expect(await scene.code("ReceiveMessage", { queueName: "work" })).toBe("0");
});
