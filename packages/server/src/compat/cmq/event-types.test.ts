/** Real: the HTTP application, the CMQ API, the publisher, the memory driver. Faked: the clock, events. */

import { expect, it } from "vitest";
import { call } from "../../api/testing/call.ts";
import { storedMessages } from "../../api/testing/stored.ts";
import { cmqScene } from "./testing/scene.ts";

const topicName = "orders";

it("a message that the topic's catalogue refuses gets 10110 with the sentence, alone and in a batch", async () => {
  const scene = await cmqScene();
  await scene.call("CreateTopic", { topicName, filterType: "2" });
  const endpoint = "http://a.test/";
  await scene.call("Subscribe", { topicName, subscriptionName: "s", protocol: "http", endpoint, "bindingKey.0": "#" });
  await call(scene.app, "PUT", "/v1/event-types/invoice.paid", { json: { schema: { required: ["id"] } } });
  await call(scene.app, "PATCH", `/v1/topics/${topicName}`, {
    json: { accepts: { types: "listed", bodies: "valid" } },
  });
  const publish = (routingKey: string, msgBody: string) =>
    scene.call("PublishMessage", { topicName, routingKey, msgBody });
  expect(await publish("invoice.void", "{}")).toMatchObject({
    code: 4000,
    message: expect.stringMatching(/^\(10110\).*"invoice.void" is not listed/),
  });
  expect(await publish("invoice.paid", "{}")).toMatchObject({
    code: 4000,
    message: expect.stringMatching(/^\(10110\).*body: at "": must have required property 'id'/),
  });
  const batch = { topicName, routingKey: "invoice.paid", "msgBody.0": '{"id":1}', "msgBody.1": "{}" };
  expect(await scene.call("BatchPublishMessage", batch)).toMatchObject({
    message: expect.stringContaining("messages[1].body"),
  });
  expect(await publish("invoice.paid", '{"id":1}')).toMatchObject({ code: 0 });
  expect(await storedMessages(scene.store)).toHaveLength(1);
});
