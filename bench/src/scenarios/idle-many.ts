import { setTimeout as delay } from "node:timers/promises";
import { nowMs } from "../clock.ts";
import { inParallel } from "../server/in-parallel.ts";
import { median } from "../statistics/percentiles.ts";
import { Account, untilQuiet } from "./arrival.ts";
import type { Scenario } from "./bench.ts";
import { closedLoop, publishOne } from "./requests.ts";
import { throughput } from "./throughput.ts";

const AT_A_TIME = 32;

export const idleManyScenario: Scenario = {
  name: "idle-many",
  title: "100,000 subscriptions on 10,000 topics, all but one idle",
  async run(bench, server) {
    const { settings } = bench;
    const { catalog } = server;
    await catalog.putTopic("busy");
    await catalog.putSubscription("busy", "s", `${bench.receiverOrigin}/busy/0`, settings.maxInFlight);
    const account = new Account(bench, "busy", ["0"]);
    const warmUp = closedLoop(publishOne(server.origin, "busy", settings.bodyBytes), settings, settings.warmUpMs);
    account.add(await bench.load.call("closedLoop", warmUp));
    await account.untilArrived();
    const empty = await throughput(bench, server, "busy", account);

    const perTopic = settings.idleSubscriptionsPerTopic;
    const subscriptions = settings.idleTopics * perTopic;
    const fromMs = nowMs();
    bench.log(`  making ${subscriptions} subscriptions`);
    await inParallel(settings.idleTopics, AT_A_TIME, settings.setupMsMax, async (topic) => {
      await catalog.putTopic(`idle${topic}`);
      for (let index = 0; index < perTopic; index++) {
        const url = `${bench.receiverOrigin}/idle/${topic}`;
        await catalog.putSubscription(`idle${topic}`, `s${index}`, url, settings.maxInFlight);
      }
    });
    const setupS = (nowMs() - fromMs) / 1000;

    await untilQuiet(server);
    const cpuUsBefore = bench.cpuUs(server);
    const idleFromMs = nowMs();
    await delay(settings.idleMs);
    const idlePercent = (bench.cpuUs(server) - cpuUsBefore) / (nowMs() - idleFromMs) / 10;
    const full = await throughput(bench, server, "busy", account);

    return {
      figures: [
        { name: "idle CPU, of one core", value: idlePercent, unit: "%", limit: "at most", reach: 1 },
        {
          name: "throughput that the busy one keeps",
          value: (100 * median(full)) / median(empty),
          lowest: (100 * Math.min(...full)) / median(empty),
          highest: (100 * Math.max(...full)) / median(empty),
          unit: "%",
          limit: "at least",
          reach: 90,
          perSecond: median(full),
        },
      ],
      deliveries: [await account.close()],
      details: {
        subscriptions,
        setupS,
        perSecondEmpty: empty,
        perSecondFull: full,
        residentMb: server.memory().residentBytes / 1e6,
      },
    };
  },
};
