import { PostgresServer, postgresUser } from "../../../src/store/postgres/testing/postgres-server.ts";
import { databaseName } from "../cluster-chaos/database.ts";
import { Disturbances } from "../cluster-chaos/disturbances.ts";
import { ClusterNodes } from "../cluster-chaos/nodes.ts";
import { play } from "../cluster-chaos/run.ts";
import { nodeCount, rounds } from "../cluster-chaos/script.ts";
import { temporaryFolder } from "../folder.ts";
import { chanceFrom } from "../random.ts";
import { SettableClock } from "../settable-clock.ts";
import { SmallDisk } from "../small-disk.ts";
import { fill, jump, retentionArgs } from "./disturbing.ts";
import type { Site } from "./run.ts";

const diskBytes = 1024 * 1024 * 1024;
const nodeGoneAfterMs = 8_000;
const dayMs = 24 * 3600_000;

/**
 * Starts three servers on one PostgreSQL. All data of the servers is on a disk of its own, and PostgreSQL's log is not:
 * without room for its log PostgreSQL ends, as in any other crash.
 */
export async function postgresSite(seed: number): Promise<Site> {
  await using started = new AsyncDisposableStack();
  const folder = started.use(await temporaryFolder());
  const disk = started.use(await SmallDisk.mount(diskBytes, postgresUser()));
  const database = await PostgresServer.start({ fsync: true });
  started.defer(() => database.stop());
  await database.query(`CREATE TABLESPACE small LOCATION '${disk.outside}'`);
  await database.query(`CREATE DATABASE ${databaseName} TABLESPACE small`);
  const clocks = Array.from({ length: nodeCount }, (_, node) => new SettableClock(`${folder.path}/clock-${node}`));
  const disturbances = new Disturbances();
  const env = (node: number) => clocks[node]?.env;
  const options = { database, folder: folder.path, disturbances, nodeGoneAfterMs, env, args: retentionArgs };
  const nodes = started.use(new ClusterNodes(options));
  await Promise.all(clocks.map((_, node) => nodes.begin(node)));

  const playRounds = async (stop: AbortSignal): Promise<void> => {
    for (const round of rounds(seed)) {
      await play(round, { nodes, database, disturbances });
      if (stop.aborted) break;
    }
  };
  const kept = started.move();
  return {
    nodes,
    disturbances,
    startsInVain: () => nodes.startsInVain,
    async disturb(stop) {
      await Promise.all([
        playRounds(stop),
        fill(disk, null, chanceFrom(seed + 12), disturbances, stop),
        jump(clocks, dayMs, chanceFrom(seed + 13), disturbances, stop),
      ]);
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}
