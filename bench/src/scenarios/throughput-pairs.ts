import { setTimeout as delay } from "node:timers/promises";
import type { Server } from "../server/server.ts";
import type { Account } from "./account.ts";
import type { Bench } from "./bench.ts";
import type { ThroughputPair } from "./result.ts";

const PAIRS_PER_REPEAT = 4;
const SHARE_OF_RUN = 1 / 2;
/** Time between a switch of the load and the measurement. */
const SETTLE_MS = 300;

/** A load that can be switched on and off beside the measured subscription. */
export interface Load {
  start(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Measures the throughput of a subscription without a load and beside it, many times in turn, because the speed of the
 * machine changes more over a minute than between two runs that follow one another.
 */
export async function throughputPairs(
  bench: Bench,
  server: Server,
  account: Account,
  load: Load,
): Promise<readonly ThroughputPair[]> {
  const { repeats, throughputMs } = bench.settings;
  const measure = async (change: () => Promise<void>): Promise<number> => {
    await change();
    await delay(SETTLE_MS);
    return account.publishFor(server, throughputMs * SHARE_OF_RUN);
  };
  const pairs: ThroughputPair[] = [];
  for (let pair = 0; pair < repeats * PAIRS_PER_REPEAT; pair++) {
    // The order alternates, because the second run of a pair may find the machine faster or slower.
    const isBesideFirst = pair % 2 === 1;
    const first = await measure(() => (isBesideFirst ? load.start() : load.stop()));
    const second = await measure(() => (isBesideFirst ? load.stop() : load.start()));
    pairs.push(isBesideFirst ? { without: second, beside: first } : { without: first, beside: second });
  }
  await load.stop();
  return pairs;
}
