import type { Server } from "../server/launch.ts";
import type { Account } from "./arrival.ts";
import type { Bench } from "./bench.ts";
import { closedLoop, publishOne } from "./requests.ts";

/** Messages per second from the first publish to the last arrival, once per repeat, over one busy subscription. */
export async function throughput(bench: Bench, server: Server, topic: string, account: Account): Promise<number[]> {
  const { settings } = bench;
  const rates: number[] = [];
  for (let repeat = 0; repeat < settings.repeats; repeat++) rates.push(await once(settings.throughputMs));
  return rates;

  async function once(durationMs: number): Promise<number> {
    const target = publishOne(server.origin, topic, settings.bodyBytes);
    const report = await bench.load.call("closedLoop", closedLoop(target, settings, durationMs));
    account.add(report);
    const arrivals = await account.untilArrived();
    return (report.acceptedMessages * 1000) / (arrivals.lastAtMs - report.startedAtMs);
  }
}
