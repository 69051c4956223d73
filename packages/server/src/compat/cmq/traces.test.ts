/** Real: the HTTP application, the CMQ API, the memory driver. Faked: the clock, events. */

import { expect, it } from "vitest";
import { storedMessages } from "../../api/testing/stored.ts";
import type { MessageId } from "../../domain/model.ts";
import { cmqScene, secretId, signedForm } from "./testing/scene.ts";
import { tc3Request } from "./testing/tc3-requests.ts";

const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const topicName = "orders";
const queueName = "work";

async function sceneWithTargets() {
  const scene = await cmqScene();
  await scene.call("CreateTopic", { topicName });
  await scene.call("Subscribe", { topicName, subscriptionName: "s", protocol: "http", endpoint: "http://a.test/" });
  await scene.call("CreateQueue", { queueName });
  return scene;
}

it.each([
  ["PublishMessage", { topicName, msgBody: "x" }],
  ["BatchPublishMessage", { topicName, "msgBody.0": "x" }],
  ["SendMessage", { queueName, msgBody: "x" }],
  ["BatchSendMessage", { queueName, "msgBody.0": "x" }],
])("%s keeps the trace of its request with the message, and ignores an invalid one", async (Action, params) => {
  const scene = await sceneWithTargets();
  const send = (nonce: number, headers: Readonly<Record<string, string>>) => {
    const common = {
      SecretId: secretId,
      Nonce: String(nonce),
      Timestamp: String(Math.floor(scene.clock.nowMs / 1000)),
    };
    const form = new Map(Object.entries({ Action, ...common, ...params }));
    return scene.send("POST", signedForm("POST", form, "sha1"), headers);
  };
  const { records, catalog } = scene.store;
  const keptTrace = async ({ msgId, msgList }: Awaited<ReturnType<typeof send>>) => {
    const id = (msgId ?? (msgList as { msgId: string }[])[0]?.msgId) as MessageId;
    return (await records.getMessage(catalog.defaultAccount().id, id))?.message.trace;
  };
  const tracestate = "a=1";
  expect(await keptTrace(await send(1, { traceparent, tracestate }))).toEqual({ traceparent, tracestate });
  expect(await keptTrace(await send(2, { traceparent: `${traceparent}-x`, tracestate }))).toBeNull();
});

it("the newer API keeps the trace of its request with the message", async () => {
  const scene = await sceneWithTargets();
  const call = { action: "PublishCmqMsg", payload: JSON.stringify({ TopicName: topicName, MsgContent: "x" }) };
  const timestampS = scene.clock.nowMs / 1000;
  await scene.app.inject(tc3Request({ ...call, timestampS, headers: { traceparent } }));
  expect((await storedMessages(scene.store)).map(({ trace }) => trace)).toEqual([{ traceparent, tracestate: null }]);
});
