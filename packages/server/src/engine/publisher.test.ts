import { expect, test } from "vitest";
import { messageId } from "../domain/message-id.ts";
import { limits } from "../domain/limits.ts";
import { Simulation, messageOf } from "./testing/simulation.ts";

test("the result contains the messages' ids in the order of the request", async () => {
  const simulation = await Simulation.started();
  const topic = await simulation.topic();
  await simulation.publish(topic, "before");
  const result = await simulation.publish(topic, "a", "b");
  expect(result).toEqual({
    deprecatedTypes: new Set(),
    firstSeq: 2,
    ids: [messageId(topic.id, 2), messageId(topic.id, 3)],
    publishedAtMs: simulation.nowMs,
    replayed: false,
  });
});

test("the error for an invalid message names the field, and nothing of the batch is accepted", async () => {
  const simulation = await Simulation.started();
  const topic = await simulation.topic();
  const large = { body: new Uint8Array(limits.bodyBytesMax + 1) };
  await expect(simulation.publish(topic, large)).rejects.toMatchObject({
    code: "body_too_large",
    details: [{ field: "body" }],
  });
  await expect(simulation.publish(topic, "fine", { tags: ["a,b"] })).rejects.toMatchObject({
    code: "invalid_tag",
    details: [{ field: "messages[1].tags[0]" }],
  });
  expect((await simulation.publish(topic, "next")).firstSeq).toBe(1);
  expect(simulation.observer.publishedCount).toBe(1);
});

test("a repeated idempotency key returns the first result, without counting or emitting a second publish", async () => {
  const simulation = await Simulation.started();
  const topic = await simulation.topic();
  const types: string[] = [];
  simulation.events.subscribe(({ type }) => types.push(type));
  const idempotency = { key: "once", fingerprint: "f" };
  const first = await simulation.engine.publisher.publish(topic, [messageOf("a")], idempotency);
  await simulation.time.advance(1_000);
  const second = await simulation.engine.publisher.publish(topic, [messageOf("a")], idempotency);
  expect(second).toEqual({ ...first, replayed: true });
  expect(simulation.observer.publishedCount).toBe(1);
  expect(types).toEqual(["message.published"]);
});
