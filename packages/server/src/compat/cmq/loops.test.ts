/** Real: the HTTP application, the CMQ API, the memory driver. Faked: the clock, events. */

import { describe, expect, it } from "vitest";
import { storedMessages } from "../../api/testing/stored.ts";
import { limits } from "../../domain/limits.ts";
import { messageId } from "../../domain/message-id.ts";
import { clockAt } from "../../domain/testing/clock-at.ts";
import { hopsOf, markedRequestId } from "../../engine/loops.ts";
import { message, topicSettings } from "../../store/contract/fixtures.ts";
import { MemoryStore } from "../../store/memory/memory-store.ts";
import { cmqScene, type Scene, secretId, signedForm } from "./testing/scene.ts";
import { tc3Request } from "./testing/tc3-requests.ts";

const nowMs = 1_769_846_400_123;
const headersOf = (id: string, requestId: string) => ({ "x-cmq-message-id": id, "x-cmq-request-id": requestId });

/** A store with one message that has come through two pushes. */
async function ownMessage() {
  const store = new MemoryStore({ clock: clockAt(() => nowMs) });
  const { topic } = await store.catalog.putTopic(store.catalog.defaultAccount().id, "orders", topicSettings());
  const messages = [message("x", { hops: 2 })];
  const { firstSeq, publishedAtMs } = await store.log.append({ topicId: topic.id, messages, idempotency: null });
  return { store, id: messageId(topic.id, firstSeq), publishedAtMs };
}

describe("the number of hops", () => {
  it("is read from Ringback's own header, if there is one", async () => {
    const { store, ...own } = await ownMessage();
    const headers = { "ringback-hops": "4", ...headersOf(own.id, markedRequestId("1", own)) };
    expect(await hopsOf(store, headers)).toBe(4);
  });

  it.each(["1", String(2 ** 52 - 1)])("is one more than the message has, for this server's request %s", async (id) => {
    const { store, ...own } = await ownMessage();
    const requestId = markedRequestId(id, own);
    expect(BigInt.asUintN(64, BigInt(requestId)).toString()).toBe(requestId);
    expect(await hopsOf(store, headersOf(own.id, requestId))).toBe(3);
  });

  it("is 0 for a push of another server whose message has the same id", async () => {
    const { store, ...own } = await ownMessage();
    const foreign = { publishedAtMs: own.publishedAtMs + 1 };
    expect(await hopsOf(store, headersOf(own.id, markedRequestId("1", foreign)))).toBe(0);
  });

  it.each([
    ["6942316962", "1"],
    ["1099511627899", markedRequestId("1", { publishedAtMs: nowMs })],
    ["0", "0"],
    ["", ""],
    ["x", "y"],
    ["1099511627777, 1099511627777", "1, 1"],
    ["9".repeat(4_000), "9".repeat(4_000)],
  ])("is 0 for the message id %s and the request id %s", async (id, requestId) => {
    const { store } = await ownMessage();
    expect(await hopsOf(store, headersOf(id, requestId))).toBe(0);
    expect(await hopsOf(store, { "x-cmq-message-id": id })).toBe(0);
  });
});

function send(scene: Scene, params: Readonly<Record<string, string>>, hops: number) {
  const common = { SecretId: secretId, Nonce: String(hops), Timestamp: String(Math.floor(scene.clock.nowMs / 1000)) };
  const form = new Map(Object.entries({ ...common, ...params }));
  return scene.send("POST", signedForm("POST", form, "sha1"), { "ringback-hops": String(hops) });
}

describe("a request of a loop", () => {
  const topicName = "orders";
  const queueName = "work";

  async function refusing(): Promise<Scene> {
    const scene = await cmqScene();
    await scene.call("CreateTopic", { topicName });
    await scene.call("Subscribe", { topicName, subscriptionName: "s", protocol: "http", endpoint: "http://a.test/" });
    await scene.call("CreateQueue", { queueName });
    return scene;
  }

  it.each([
    ["PublishMessage", { topicName, msgBody: "x" }, topicName],
    ["BatchPublishMessage", { topicName, "msgBody.0": "x" }, topicName],
    ["SendMessage", { queueName, msgBody: "x" }, "queue:work"],
    ["BatchSendMessage", { queueName, "msgBody.0": "x" }, "queue:work"],
  ])("is refused by %s, with an event", async (Action, params, topic) => {
    const scene = await refusing();
    expect(await send(scene, { Action, ...params }, limits.hopsMax - 1)).toMatchObject({ code: 0 });
    const refused = await send(scene, { Action, ...params }, limits.hopsMax);
    expect(refused).toMatchObject({ code: 4000, message: expect.stringMatching(/^\(10110\).*in a row/) as string });
    const loops = scene.events.emitted.filter(({ type }) => type === "loop.detected");
    expect(loops).toEqual([{ type: "loop.detected", at: scene.clock.nowMs, accountId: 1, topic }]);
  });

  it("is refused by the newer API", async () => {
    const scene = await refusing();
    const call = { action: "PublishCmqMsg", payload: JSON.stringify({ TopicName: topicName, MsgContent: "x" }) };
    const codeOf = async (hops: number): Promise<unknown> => {
      const timestampS = scene.clock.nowMs / 1000 - hops;
      const headers = { "ringback-hops": String(hops) };
      const response = await scene.app.inject(tc3Request({ ...call, timestampS, headers }));
      return response.json<{ Response: { Error?: { Code: string } } }>().Response.Error?.Code;
    };
    expect([await codeOf(4), await codeOf(5)]).toEqual([undefined, "InvalidParameter"]);
    expect((await storedMessages(scene.store)).map(({ hops }) => hops)).toEqual([4]);
  });
});
