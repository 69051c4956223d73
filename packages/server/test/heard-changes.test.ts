/**
 * Real: the server inside the test's process. Nothing is faked. A change through one API must take effect immediately
 * in the caches of the other APIs.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { useCmqServer } from "./harness/cmq/running-server.ts";
import { SignedCaller } from "./harness/cmq/signed-caller.ts";

const given = useCmqServer();
let program: SignedCaller;

beforeAll(() => {
  const { server, pair } = given();
  program = new SignedCaller(server.url, pair);
});
afterAll(() => program[Symbol.dispose]());

describe("a change", () => {
  it("to a subscription by the native API is known to the next publish by CMQ's", async () => {
    const path = "/v1/topics/orders/subscriptions/s";
    const message = { topicName: "orders", msgBody: "x", "msgTag.0": "a" };
    const put = (tags: readonly string[]) =>
      given().server.api.ok("PUT", path, {
        json: { push: { url: "http://127.0.0.1:1/" }, retry: "EXPONENTIAL_DECAY_RETRY", filter: { tags } },
      });
    await program.ok("CreateTopic", { topicName: "orders" });
    await put(["a"]);
    await program.ok("PublishMessage", message);
    await put(["b"]);
    expect(await program.call("PublishMessage", message)).toMatchObject({ code: 6030 });
    await put(["a"]);
    await program.ok("PublishMessage", message);
    await given().server.api.ok("DELETE", path);
    expect(await program.call("PublishMessage", message)).toMatchObject({ code: 6030 });
  });

  it("of a queue's visibility timeout applies to the next receive", async () => {
    const queueName = "work";
    const hiddenS = async () => {
      await program.ok("SendMessage", { queueName, msgBody: "x" });
      const received = await program.ok("ReceiveMessage", { queueName });
      return (received.nextVisibleTime ?? 0) - Number(received["firstDequeueTime"]);
    };
    await program.ok("CreateQueue", { queueName, visibilityTimeout: 30 });
    expect(await hiddenS()).toBe(30);
    await program.ok("SetQueueAttributes", { queueName, visibilityTimeout: 100 });
    expect(await hiddenS()).toBe(100);
  });
});
