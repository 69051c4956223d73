import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { goCmqRequests } from "./testing/go-cmq-requests.ts";
import { recordedAtMs } from "./testing/recorded-requests.ts";
import { cmqScene, type Scene } from "./testing/scene.ts";

// Real: the HTTP application and the CMQ API. Faked, in memory: store, publisher, queues, events and clock.
let scene: Scene;
beforeEach(async () => {
  scene = await cmqScene();
  await scene.call("CreateQueue", { queueName: "orders" });
  await scene.call("CreateTopic", { topicName: "prices" });
  const subscription = { topicName: "prices", subscriptionName: "s" };
  await scene.call("Subscribe", { ...subscription, protocol: "http", endpoint: "http://h/" });
});
afterEach(() => scene.app.close());

const sentText = '中文 a=1&b=2+3%20 "q" @ _x_ \t\r\n 😀';

async function send({
  method,
  url,
  headers,
  body,
}: Pick<(typeof goCmqRequests)[0], "method" | "url" | "headers" | "body">) {
  const response = await scene.app.inject({ method, url, headers, ...(method === "POST" && { payload: body }) });
  expect(response.statusCode).toBe(200);
  expect(response.headers["content-type"]).toBe("application/json; charset=utf-8");
  return response.json<Record<string, unknown>>();
}

describe("tencentcloud-cmq-sdk-go, which sends API 2.0 to the path /", () => {
  it("sends, receives, deletes and publishes", async () => {
    const posts = goCmqRequests.slice(0, 9);
    const answers = new Map<string, Record<string, unknown>[]>();
    for (const request of posts)
      answers.set(request.action, [...(answers.get(request.action) ?? []), await send(request)]);
    // The types that the client's structures have. It refuses an answer of other types.
    const done = { code: 0, message: "", requestId: expect.any(String), clientRequestId: expect.any(Number) };
    const msgId = expect.stringMatching(/^\d+$/) as string;
    expect(answers.get("SendMessage")).toEqual([
      { ...done, msgId },
      { ...done, msgId },
    ]);
    expect(answers.get("BatchSendMessage")).toEqual([{ ...done, msgList: [{ msgId }, { msgId }] }]);
    const received = {
      msgId,
      receiptHandle: expect.stringMatching(/^[\w%#:-]{1,256}$/) as string,
      enqueueTime: recordedAtMs / 1000,
      firstDequeueTime: recordedAtMs / 1000,
      nextVisibleTime: recordedAtMs / 1000 + 30,
      dequeueCount: 1,
    };
    expect(answers.get("ReceiveMessage")).toEqual([{ ...done, ...received, msgBody: sentText }]);
    const rest = ["@file", "a", sentText].map((msgBody) => ({ ...received, msgBody }));
    expect(answers.get("BatchReceiveMessage")).toEqual([{ ...done, msgInfoList: rest }]);
    expect(answers.get("DeleteMessage")).toMatchObject([{ ...done, code: 4430, message: expect.any(String) }]);
    expect(answers.get("BatchDeleteMessage")).toMatchObject([
      { code: 6010, errorList: [{ code: 4430, receiptHandle: "never-issued" }, { code: 4430 }] },
    ]);
    expect(answers.get("PublishMessage")).toEqual([{ ...done, msgId }]);
    expect(answers.get("BatchPublishMessage")).toEqual([{ ...done, msgList: [{ msgId }, { msgId }] }]);
  });

  it.each(goCmqRequests.slice(9))("may $method with its other signatures (%#)", async (request) => {
    expect(await send(request)).toMatchObject({ code: 0, msgId: expect.any(String) });
  });

  it("is refused in the format of API 2.0, which it reads as an error", async () => {
    const [request] = goCmqRequests;
    if (request === undefined) throw new Error("there are no requests");
    expect(await send({ ...request, headers: { ...request.headers, host: "elsewhere" } })).toMatchObject({
      code: 4100,
    });
    // The signature covers the path.
    expect(await send({ ...request, url: "/v2/index.php" })).toMatchObject({ code: 4100 });
    expect(await send(request)).toMatchObject({ code: 0 });
    expect(await send(request)).toMatchObject({ code: 4300 });
    const large = { ...request, body: `${request.body}&x=${"x".repeat(4 * 1024 * 1024)}` };
    expect(await send(large)).toMatchObject({ code: 4000, message: expect.stringMatching(/^\(10420\)/) });
  });
});
