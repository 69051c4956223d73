import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { Scene } from "../../src/store/contract/fixtures.ts";
import { SqliteFolder } from "../../src/store/sqlite/testing/sqlite-folder.ts";

// Real: the store with its threads and its disk. Nothing is faked. Nothing else runs in the process.
const MESSAGES = 1_000_000;
const BATCH = 1_000;
const CACHE_BYTES = 16 * 1024 * 1024;
/** The cache may be filled. The rest is for requests under way, and for garbage that is still in the heap. */
const GROWTH_BYTES_MAX = CACHE_BYTES + 32 * 1024 * 1024;

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

function memory(): number {
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

test("a million messages of a paused subscription take no memory, and are delivered in order when it is resumed", async () => {
  const under = await SqliteFolder.open({ messageCacheBytes: CACHE_BYTES });
  const scene = await Scene.make(under);
  const reader = await scene.subscribe("reader");
  await under.store.catalog.setSubscriptionState(scene.topic.id, "reader", "paused");
  const texts = Array.from({ length: BATCH }, (_, index) => `message ${index}`);
  await scene.publish(...texts);
  const before = memory();
  let most = 0;
  for (let batch = 1; batch < MESSAGES / BATCH; batch++) {
    await scene.publish(...texts);
    if (batch % 100 === 0) most = Math.max(most, memory() - before);
  }
  expect(most).toBeLessThan(GROWTH_BYTES_MAX);
  expect(await under.store.records.subscriptionCounts(reader.id)).toMatchObject({ backlog: MESSAGES, inFlight: 0 });
  await under.store.catalog.setSubscriptionState(scene.topic.id, "reader", "active");
  most = 0;
  let next = 1;
  while (next <= MESSAGES) {
    const claim = await scene.claim(reader, { deliveriesMax: 256 });
    expect(claim.deliveries[0]?.message.seq).toBe(next);
    next += claim.deliveries.length;
    await scene.settle(claim, { kind: "delivered" }, false);
    if (next % 100_000 < 256) most = Math.max(most, memory() - before);
  }
  expect(most).toBeLessThan(GROWTH_BYTES_MAX);
  await under.dispose();
});
