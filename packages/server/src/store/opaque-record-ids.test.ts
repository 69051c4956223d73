import { expect, test } from "vitest";
import { clockAt } from "../domain/testing/clock-at.ts";
import { dead, Scene, topicSettings } from "./contract/fixtures.ts";
import type { StoreUnderTest } from "./contract/harness.ts";
import { MemoryStore } from "./memory/memory-store.ts";
import { withOpaqueRecordIds } from "./opaque-record-ids.ts";

test("Ids of dead letters and page cursors show no order, and are known only to their own subscription.", async () => {
  const store = new MemoryStore({ clock: clockAt(() => 1_700_000_000_000) });
  const { topic } = await store.catalog.putTopic(store.catalog.defaultAccount().id, "orders", topicSettings());
  const scene = new Scene({ store } as Partial<StoreUnderTest> as StoreUnderTest, topic);
  const [one, other] = [await scene.subscribe("one"), await scene.subscribe("other")];
  await scene.publish("a", "b", "c");
  for (const reader of [one, other]) await scene.settleNext(reader, dead);
  const { records } = await withOpaqueRecordIds(store);
  const first = await records.listDeadLetters(one.id, { after: null, limit: 2 });
  const rest = await records.listDeadLetters(one.id, { after: first.next, limit: 2 });
  const ids = [...first.items, ...rest.items].map(({ id }) => id);
  expect(rest.next).toBeNull();
  expect(new Set(ids).size).toBe(3);
  for (const id of ids) expect(id).toMatch(/^[0-9a-f]{32}$/);
  expect((await records.getDeadLetter(one.id, ids[1] ?? ""))?.id).toBe(ids[1]);
  // Another process of the same store has the same key.
  const again = (await withOpaqueRecordIds(store)).records;
  expect((await again.getDeadLetter(one.id, ids[1] ?? ""))?.id).toBe(ids[1]);
  for (const wrong of ["1", "", "x".repeat(22), "\u0000", `${ids[1]}=`]) {
    expect(await records.getDeadLetter(one.id, wrong)).toBeNull();
    await expect(records.listDeadLetters(one.id, { after: wrong, limit: 2 })).rejects.toMatchObject({
      code: "invalid_cursor",
    });
  }
  expect(await records.getDeadLetter(other.id, ids[1] ?? "")).toBeNull();
  expect(await records.redriveDeadLetters(other.id, ids)).toBe(0);
  expect(await records.redriveDeadLetters(one.id, [ids[0] ?? "", "1"])).toBe(1);
  expect(await records.purgeDeadLetters(one.id, ids)).toBe(2);
  const attempts = await records.listAttempts(one.id, { after: null, limit: 2 });
  expect(attempts.next).toMatch(/^1700000000000\.[0-9a-f]{32}$/);
  const older = await records.listAttempts(one.id, { after: attempts.next, limit: 2 });
  expect([attempts.items.length, older.items.length]).toEqual([2, 1]);
});
