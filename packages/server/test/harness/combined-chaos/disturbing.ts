import { setTimeout as pause } from "node:timers/promises";
import type { Disturbances } from "../cluster-chaos/disturbances.ts";
import type { Chance } from "../random.ts";
import type { SettableClock } from "../settable-clock.ts";
import type { SmallDisk } from "../small-disk.ts";

/** Arguments of a server whose clock jumps by days. What is recorded while a clock is wrong must not seem to be old. */
export const retentionArgs = ["--attempt-retention-ms", "365d", "--dead-letter-retention-ms", "365d"];

/** Waits a random time, or until `stop` is aborted. */
export async function pauseBetween(chance: Chance, minMs: number, maxMs: number, stop?: AbortSignal): Promise<void> {
  await pause(chance.whole(minMs, maxMs), undefined, stop === undefined ? {} : { signal: stop }).catch(() => undefined);
}

/** Sets a clock ahead or back, by seconds or by up to forty times `unitMs`. */
export async function jump(
  clocks: readonly SettableClock[],
  unitMs: number,
  chance: Chance,
  disturbances: Disturbances,
  stop: AbortSignal,
): Promise<void> {
  while (!stop.aborted) {
    await pauseBetween(chance, 300, 3_000, stop);
    const node = chance.whole(0, clocks.length - 1);
    const aheadMs = chance.whole(-20, 40) * chance.pick([1_000, unitMs]);
    clocks[node]?.set(aheadMs);
    disturbances.begin("jump", node)();
  }
}

/** Fills the disk again and again, sometimes at once, sometimes with a little room for further writes. */
export async function fill(
  disk: SmallDisk,
  node: number | null,
  chance: Chance,
  disturbances: Disturbances,
  stop: AbortSignal,
): Promise<void> {
  while (!stop.aborted) {
    await pauseBetween(chance, 3_000, 12_000, stop);
    const end = disturbances.begin("fill", node);
    disk.fill(chance.pick([0, 0, 20_000, 200_000]));
    await pauseBetween(chance, 500, 3_000);
    disk.free();
    end();
  }
}
