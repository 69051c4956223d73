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

describe("one delivery that takes very long", () => {
  const count = 10_000;

  test("does not make the cursor's row large, and alone goes out again after a crash", async () => {
    const under = await SqliteFolder.open();
    const scene = await Scene.make(under);
    const reader = await scene.subscribe("reader");
    for (let batch = 0; batch <= count / 1_000; batch++) {
      await scene.publish(...Array.from({ length: batch === 0 ? 1 : 1_000 }, () => "m"));
    }
    const straggler = await scene.claim(reader, { deliveriesMax: 1 });
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
    // What the old process still holds means nothing to the new one, and is settled as any other.
    expect(await scene.settle(straggler, delivered)).toBe(0);
    expect(await scene.settle(again, delivered)).toBe(1);
    expect(await under.store.records.subscriptionCounts(reader.id)).toMatchObject({
      inFlight: 0,
      parked: 0,
      backlog: 0,
    });
    await under.dispose();
  });

  test("is settled by its own claim however far the others have gone", async () => {
    const under = await SqliteFolder.open();
    const scene = await Scene.make(under);
    const reader = await scene.subscribe("reader");
    for (let batch = 0; batch < 3; batch++) await scene.publish(...Array.from({ length: 1_000 }, () => "m"));
    const stragglers = await scene.claim(reader, { deliveriesMax: 2 });
    for (const claim of await scene.claimUntil(reader, 2_998)) await scene.settle(claim, delivered);
    const [first, second] = stragglers.deliveries;
    expect(await scene.store.log.settle([settlement(stragglers, first as never, delivered)])).toBe(1);
    expect(await scene.store.log.settle([settlement(stragglers, second as never, parkedUntil(scene.now, 1))])).toBe(1);
    const again = await scene.claim(reader);
    expect(again.deliveries).toMatchObject([{ message: { seq: 2 }, attemptsMade: 1, retriesMade: 1 }]);
    await under.dispose();
  });

  test("does not make the cursor's row large when the others are passed over by a filter", async () => {
    const under = await SqliteFolder.open();
    const scene = await Scene.make(under);
    const reader = await scene.subscribe("reader", { filter: { tags: ["x"], types: [] } });
    await scene.publish(message("slow", { tags: ["x"] }));
    const straggler = await scene.claim(reader);
    for (let batch = 0; batch < 10; batch++) await scene.publish(...Array.from({ length: 1_000 }, () => "m"));
    await scene.publish(message("end", { tags: ["x"] }));
    const claims = await scene.claimUntil(reader, 1);
    expect(claims.flatMap(textsOf)).toEqual(["end"]);
    for (const claim of claims) await scene.settle(claim, delivered);
    expect(cursorOf(under).bytes ?? 0).toBeLessThanOrEqual(AHEAD_MAX / 8);
    await under.crash();
    expect(textsOf(await scene.claim(reader))).toEqual(["slow"]);
    expect(await scene.settle(straggler, delivered)).toBe(0);
    await under.dispose();
  });
});
