import { DatabaseSync } from "node:sqlite";
import { describe, expect, test } from "vitest";
import { delivered, message, parkedUntil, Scene, settlement, textsOf } from "../contract/fixtures.ts";
import { AHEAD_MAX } from "./park-slow.ts";
import { SqliteFolder } from "./testing/sqlite-folder.ts";

interface CursorRow {
  readonly settled_through: number;
  readonly bytes: number | null;
}

function cursorOf(under: SqliteFolder): CursorRow {
  const database = new DatabaseSync(under.file, { readOnly: true });
  const row = database.prepare("SELECT settled_through, length(ahead) AS bytes FROM cursor").get();
  database.close();
  return row as unknown as CursorRow;
}

describe("a delivery that takes very long", () => {
  const count = 10_000;

  test("does not make the cursor's row large, and is the only one to be claimed again after a crash", async () => {
    const under = await SqliteFolder.open();
    const scene = await Scene.make(under);
    const reader = await scene.subscribe("reader");
    for (let batch = 0; batch <= count / 1_000; batch++) {
      await scene.publish(...Array.from({ length: batch === 0 ? 1 : 1_000 }, () => "m"));
    }
    const slow = await scene.claim(reader, { deliveriesMax: 1 });
    for (let settled = 0; settled < count;) {
      const claim = await scene.claim(reader, { deliveriesMax: 500 });
      await scene.settle(claim, delivered);
      settled += claim.deliveries.length;
      expect(cursorOf(under).bytes ?? 0).toBeLessThanOrEqual(AHEAD_MAX / 8);
    }
    expect(cursorOf(under)).toEqual({ settled_through: count + 1, bytes: null });
    expect(await under.store.records.subscriptionCounts(reader.id)).toMatchObject({
      inFlight: 1,
      parked: 0,
      backlog: 0,
    });
    await under.crash();
    const again = await scene.claim(reader);
    expect(again.deliveries.map((delivery) => delivery.message.seq)).toEqual([1]);
    expect(again.deliveries[0]).toMatchObject({ attemptsMade: 0, retriesMade: 0 });
    // The claim from before the crash has no effect any more. The delivery is settled by the new claim.
    expect(await scene.settle(slow, delivered)).toBe(0);
    expect(await scene.settle(again, delivered)).toBe(1);
    expect(await under.store.records.subscriptionCounts(reader.id)).toMatchObject({
      inFlight: 0,
      parked: 0,
      backlog: 0,
    });
    await under.dispose();
  });

  test("is settled by its own claim after thousands of later deliveries", async () => {
    const under = await SqliteFolder.open();
    const scene = await Scene.make(under);
    const reader = await scene.subscribe("reader");
    for (let batch = 0; batch < 3; batch++) await scene.publish(...Array.from({ length: 1_000 }, () => "m"));
    const slow = await scene.claim(reader, { deliveriesMax: 2 });
    for (const claim of await scene.claimUntil(reader, 2_998)) await scene.settle(claim, delivered);
    const [first, second] = slow.deliveries;
    expect(await scene.store.log.settle([settlement(slow, first as never, delivered)])).toBe(1);
    expect(await scene.store.log.settle([settlement(slow, second as never, parkedUntil(scene.now, 1))])).toBe(1);
    const again = await scene.claim(reader);
    expect(again.deliveries).toMatchObject([{ message: { seq: 2 }, attemptsMade: 1, retriesMade: 1 }]);
    await under.dispose();
  });

  test("does not make the cursor's row large when a filter skips the later messages", async () => {
    const under = await SqliteFolder.open();
    const scene = await Scene.make(under);
    const reader = await scene.subscribe("reader", { filter: { tags: ["x"], types: [] } });
    await scene.publish(message("slow", { tags: ["x"] }));
    const slow = await scene.claim(reader);
    for (let batch = 0; batch < 10; batch++) await scene.publish(...Array.from({ length: 1_000 }, () => "m"));
    await scene.publish(message("end", { tags: ["x"] }));
    const claims = await scene.claimUntil(reader, 1);
    expect(claims.flatMap(textsOf)).toEqual(["end"]);
    for (const claim of claims) await scene.settle(claim, delivered);
    expect(cursorOf(under).bytes ?? 0).toBeLessThanOrEqual(AHEAD_MAX / 8);
    await under.crash();
    expect(textsOf(await scene.claim(reader))).toEqual(["slow"]);
    expect(await scene.settle(slow, delivered)).toBe(0);
    await under.dispose();
  });
});
