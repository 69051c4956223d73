import { setTimeout as pause } from "node:timers/promises";
import { Disturbances } from "../cluster-chaos/disturbances.ts";
import { socketsRead } from "../cluster-chaos/nodes.ts";
import { limitFileSize } from "../disk.ts";
import { temporaryFolder } from "../folder.ts";
import { chanceFrom } from "../random.ts";
import { Server } from "../server.ts";
import { SettableClock } from "../settable-clock.ts";
import { SmallDisk } from "../small-disk.ts";
import { fill, jump, pauseBetween, retentionArgs } from "./disturbing.ts";
import type { Site } from "./run.ts";

const diskBytes = 1024 * 1024 * 1024;
const startRetryMs = 100;
/**
 * Small enough that what waits for a day is not over after a few restarts: a clock that is set ahead while no server
 * runs cannot be told from a long stop.
 */
const jumpUnitMs = 5 * 60_000;

/** Starts one server with its SQLite database on a disk of its own. */
export async function sqliteSite(seed: number): Promise<Site> {
  await using started = new AsyncDisposableStack();
  const folder = started.use(await temporaryFolder());
  const disk = started.use(await SmallDisk.mount(diskBytes));
  const clock = new SettableClock(`${folder.path}/clock`);
  const disturbances = new Disturbances();
  const startServer = () =>
    Server.start({ folder: disk.inside, prefix: disk.prefix, env: clock.env, args: retentionArgs });
  let server: Server | null = await startServer();
  let startsInVain = 0;
  started.defer(async () => void (await server?.kill()));

  const kill = async (stop: AbortSignal): Promise<void> => {
    const chance = chanceFrom(seed + 10);
    while (!stop.aborted) {
      await pauseBetween(chance, 200, 6_000, stop);
      const [killed, end] = [server, disturbances.begin("kill", 0)];
      server = null;
      await killed?.kill();
      await socketsRead();
      end();
      await pauseBetween(chance, 0, 1_000);
      while (server === null) {
        try {
          server = await startServer();
        } catch {
          startsInVain++;
          await pause(startRetryMs);
        }
      }
    }
  };
  /** Makes each write fail for a while, as a broken disk does. A restart ends this. */
  const breakWrites = async (stop: AbortSignal): Promise<void> => {
    const chance = chanceFrom(seed + 11);
    while (!stop.aborted) {
      await pauseBetween(chance, 2_000, 8_000, stop);
      const [broken, end] = [server, disturbances.begin("errors", 0)];
      // A process that has been killed meanwhile has no limit.
      const limit = (bytesMax: number | null) =>
        broken !== null && server === broken && limitFileSize(disk.outside, bytesMax).catch(() => undefined);
      await limit(1);
      await pauseBetween(chance, 300, 3_000);
      await limit(null);
      end();
    }
  };
  const kept = started.move();
  return {
    nodes: { count: 1, server: () => server },
    disturbances,
    startsInVain: () => startsInVain,
    async disturb(stop) {
      await Promise.all([
        kill(stop),
        breakWrites(stop),
        fill(disk, 0, chanceFrom(seed + 12), disturbances, stop),
        jump([clock], jumpUnitMs, chanceFrom(seed + 13), disturbances, stop),
      ]);
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}
