import { DatabaseSync } from "node:sqlite";
import { describe, expect, test } from "vitest";
import { messageIdToBigInt } from "../../domain/message-id.ts";
import { delivered, eventually, parkedUntil, Scene, textsOf } from "../contract/fixtures.ts";
import { SqliteFolder } from "./testing/sqlite-folder.ts";

/** Deletes rows of messages, as a lost page or a repair of the file does. Ringback itself never causes such gaps. */
async function loseMessages(scene: Scene, under: SqliteFolder, seqs: readonly number[]): Promise<void> {
  const database = new DatabaseSync(under.file);
  for (const seq of seqs) {
    database.prepare("DELETE FROM message WHERE id = ?").run(messageIdToBigInt(scene.topic.id, seq));
  }
  database.close();
  // A restart empties the caches.
  await under.crash();
}

describe("a log that has lost messages", () => {
  test("counts them as expired and continues after them", async () => {
    const under = await SqliteFolder.open();
    const scene = await Scene.make(under);
    const reader = await scene.subscribe("reader");
    await scene.publish("1", "2", "3", "4", "5");
    await loseMessages(scene, under, [2, 3, 5]);
    expect(textsOf(await scene.claim(reader))).toEqual(["1", "4"]);
    await scene.claim(reader);
    await eventually(async () => (await under.store.records.subscriptionCounts(reader.id)).expired === 3);
    await scene.publish("6");
    expect(textsOf(await scene.claim(reader))).toEqual(["6"]);
    await under.dispose();
  });

  test("counts a parked delivery without a message as expired, and continues after it", async () => {
    const under = await SqliteFolder.open();
    const scene = await Scene.make(under);
    const reader = await scene.subscribe("reader", { order: "strict" });
    await scene.publish("1", "2");
    await scene.settleNext(reader, parkedUntil(scene.now));
    await loseMessages(scene, under, [1]);
    const [claim] = await scene.claimUntil(reader, 1);
    expect(textsOf(claim as never)).toEqual(["2"]);
    await scene.settle(claim as never, delivered);
    expect(await under.store.records.subscriptionCounts(reader.id)).toEqual({
      backlog: 0,
      parked: 0,
      deadLetters: 0,
      expired: 1,
      inFlight: 0,
    });
    await under.dispose();
  });
});

describe("a read that stops at its limit of bytes", () => {
  test("does not hide later writes from the reading thread", async () => {
    const under = await SqliteFolder.open({ messageCacheBytes: 0 });
    const scene = await Scene.make(under);
    const reader = await scene.subscribe("reader");
    await scene.publish("a".repeat(100), "b".repeat(100), "c".repeat(100));
    await scene.settleNext(reader, parkedUntil(scene.now), { bytesMax: 10 });
    expect(textsOf(await scene.claim(reader, { bytesMax: 10 }))).toEqual(["a".repeat(100)]);
    await scene.publish("d");
    expect(await scene.store.records.getMessage(scene.topic.accountId, scene.idOf(4))).not.toBeNull();
    await under.dispose();
  });
});
