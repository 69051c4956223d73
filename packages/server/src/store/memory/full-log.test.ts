/** Real: the SQLite driver on a database in memory. The topic begins near the end of its positions. */
import { expect, it } from "vitest";
import { SEQ_FULL } from "../../domain/message-id.ts";
import { delivered, message, Scene, textsOf } from "../contract/fixtures.ts";
import { ManualClock } from "../contract/harness.ts";
import { emptyDatabase, MemoryStore } from "./memory-store.ts";

it("refuses messages whose positions would not fit into message ids, and delivers those before", async () => {
  const database = emptyDatabase();
  database.exec(`INSERT INTO released_number (topic_id, last_seq) VALUES (7, ${SEQ_FULL - 3})`);
  const store = new MemoryStore({ database, topicNumbers: { topicNumbersMax: 0, topicNumbersResting: 0 } });
  const scene = await Scene.make({ store, clock: new ManualClock(), crash: async () => {}, dispose: async () => {} });
  const reader = await scene.subscribe("reader");
  const request = { topicId: scene.topic.id, messages: [message("a")], idempotency: { key: "k", fingerprint: "f" } };
  expect(await store.log.append(request)).toMatchObject({ firstSeq: SEQ_FULL - 2 });
  await scene.publish("b", "c");
  await expect(scene.publish("d")).rejects.toMatchObject({ code: "topic_used_up" });
  const other = { ...request, idempotency: { key: "other", fingerprint: "f" } };
  await expect(store.log.append(other)).rejects.toMatchObject({ code: "topic_used_up" });
  expect(await store.log.append(request)).toMatchObject({ firstSeq: SEQ_FULL - 2, replayed: true });
  const claim = await scene.claim(reader);
  expect(textsOf(claim)).toEqual(["a", "b", "c"]);
  expect(await scene.settle(claim, delivered)).toBe(3);
  expect(await scene.deliveryOf(SEQ_FULL, reader)).toMatchObject({ state: "delivered" });
  await store.close();
});
