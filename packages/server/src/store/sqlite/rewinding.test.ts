import { afterEach, expect, it } from "vitest";
import { limits } from "../../domain/limits.ts";
import { parkedUntil, Scene, turn } from "../contract/fixtures.ts";
import { SqliteFolder } from "./testing/sqlite-folder.ts";

// Real: SQLite and its threads. Faked: the clock.
let folder: SqliteFolder | null = null;
afterEach(() => folder?.dispose());

it("rewinds in bounded steps, lets other calls run between them, and returns no delivery before the last", async () => {
  folder = await SqliteFolder.open();
  const scene = await Scene.make(folder);
  const reader = await scene.subscribe("reader");
  const count = 3 * limits.rewoundPerCommitMax;
  for (let from = 0; from < count; from += 500) {
    await scene.publish(...Array.from({ length: 500 }, (_, index) => `${from + index}`));
  }
  for (let parked = 0; parked < count;) {
    parked += (await scene.settleNext(reader, parkedUntil(scene.now + 60_000), { deliveriesMax: 1_000 })).deliveries
      .length;
  }
  const seen = new Set<number>();
  const rewinding = { isOver: false };
  const watch = async (): Promise<void> => {
    while (!rewinding.isOver) {
      seen.add((await scene.store.records.unsettledCounts(reader.id)).parked);
      await turn();
    }
  };
  const rewind = async (): Promise<void> => {
    await scene.store.log.rewind(reader.id, "oldest");
    rewinding.isOver = true;
  };
  const [claims] = await Promise.all([scene.claimUntil(reader, 3), watch(), rewind()]);
  const step = limits.rewoundPerCommitMax;
  expect([...seen].filter((parked) => parked > 0)).toEqual([count, count - step, count - 2 * step]);
  expect(claims.flatMap(({ deliveries }) => deliveries.map(({ message }) => message.seq))).toEqual([1, 2, 3]);
});
