import { cmqJson, cmqSimplified } from "@ringback/sdk/protocols";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { assertMessage } from "../../domain/message-rules.ts";
import type { NewMessage } from "../../domain/model.ts";
import { anEnvelope, anyMessage } from "../../domain/testing/any-message.ts";
import { Simulation } from "../../engine/testing/simulation.ts";

// Real: the engine, the protocols. Faked: time, endpoints, the store (in memory).

test("a 410 is retried, because CMQ does not give it a meaning", async () => {
  const simulation = await Simulation.started();
  const topic = await simulation.topic();
  await simulation.subscribe(topic, "one", {
    push: { protocol: "cmq-json" },
    retry: { delaysMs: [1_000] },
    script: { status: 410, afterMs: 5, headers: { "retry-after": "500" } },
  });
  await simulation.publish(topic, "hello");
  await simulation.time.advance(2_000);
  expect(simulation.posts).toHaveLength(2);
});

test("a message whose bytes are not text becomes a dead letter, and the next one is sent", async () => {
  const simulation = await Simulation.started();
  const topic = await simulation.topic();
  const subscription = await simulation.subscribe(topic, "one", { order: "strict", push: { protocol: "cmq-json" } });
  await simulation.publish(topic, { body: Uint8Array.of(0xc3, 0x28) }, "text");
  await simulation.time.advance(1_000);
  const letters = await simulation.store.records.listDeadLetters(subscription.id, { after: null, limit: 10 });
  expect(letters.items.map(({ reason, attemptsMade }) => [reason, attemptsMade])).toEqual([["unencodable", 1]]);
  expect(simulation.posts).toHaveLength(1);
});

test.each([cmqJson, cmqSimplified])("$name encodes every text message that the server accepts", (protocol) => {
  let accepted = 0;
  fc.assert(
    fc.property(anyMessage(), (message) => {
      if (!isAccepted(message)) return;
      accepted++;
      void protocol.encode({ ...message, ...anEnvelope });
    }),
    { numRuns: 1000 },
  );
  expect(accepted).toBeGreaterThan(5);
});

function isAccepted(message: NewMessage): boolean {
  try {
    assertMessage(message, { name: "orders", settings: { retentionMs: 60_000, bodyBytesMax: 1024 } }, "");
    return true;
  } catch {
    return false;
  }
}
