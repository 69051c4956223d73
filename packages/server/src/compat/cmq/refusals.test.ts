import { beforeEach, expect, it } from "vitest";
import { type ErrorCode, RingbackError } from "../../domain/errors.ts";
import { cmqScene, type Params, type Scene } from "./testing/scene.ts";

// Real: the HTTP application, the CMQ API. Faked: store, queues. The store and the queues fail with the error under
// test.
let scene: Scene;
beforeEach(async () => {
  scene = await cmqScene();
  await scene.call("CreateTopic", { topicName: "orders" });
  await scene.call("CreateQueue", { queueName: "work" });
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
])("%s behind %s is an error of CMQ", async (code, action, params, expected) => {
  const failure = new RingbackError(code);
  scene.store.failure = failure;
  expect(await scene.code(action, params)).toBe(expected);
  for (const line of scene.logLines) expect(JSON.parse(line)).toMatchObject({ errorCode: code });
});

it("reports a topic that has the maximum number of subscriptions", async () => {
  scene.store.catalog.putSubscription = () => Promise.reject(new RingbackError("subscription_limit"));
  expect(await scene.code("Subscribe", subscription)).toBe("4500/10480");
});

it("logs an unexpected error with its action only, and does not show it to the client", async () => {
  scene.store.log.append = () => Promise.reject(new Error("a secret place"));
  const answer = await scene.call("SendMessage", { queueName: "work", msgBody: "a secret body" });
  expect(answer).toMatchObject({ code: 6000, message: "(10050)the server cannot process the request at the moment" });
  const [line = "", ...others] = scene.logLines;
  expect(others).toEqual([]);
  expect(JSON.parse(line)).toMatchObject({ action: "SendMessage", err: { message: "a secret place" } });
  expect(line).not.toContain("a secret body");
});

it("serves the next request after an error", async () => {
  scene.store.failure = new RingbackError("overloaded");
  await scene.code("ReceiveMessage", { queueName: "work" });
  scene.store.failure = null;
  expect(await scene.code("SendMessage", { queueName: "work", msgBody: "x" })).toBe("0");
  expect(await scene.code("ReceiveMessage", { queueName: "work" })).toBe("0");
});
