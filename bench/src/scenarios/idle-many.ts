import { setTimeout as delay } from "node:timers/promises";
import { nowMs } from "../clock.ts";
import { publishBatch } from "../load/requests.ts";
import { freePort } from "../process/loopback.ts";
import { inParallel } from "../server/in-parallel.ts";
import { Account, untilQuiet } from "./account.ts";
import type { Scenario } from "./bench.ts";
import { throughputKept } from "./result.ts";

const TOPICS_AT_A_TIME = 32;
const FAILING_MESSAGES = 10;

export const idleManyScenario: Scenario = {
  name: "idle-many",
  title: "100,000 subscriptions on 10,000 topics, all but one idle, and then 1,000 of them with a dead endpoint",
  async run(bench, server) {
    const { settings } = bench;
    const { catalog } = server;
    const account = await Account.ofTopic(bench, server, "busy");
    await account.publishFor(server, settings.warmUpMs);
    const empty = await account.throughput(server);

    const perTopic = settings.idleSubscriptionsPerTopic;
    const subscriptions = settings.idleTopics * perTopic;
    const setupFromMs = nowMs();
    bench.log(`  creating ${subscriptions} subscriptions`);
    await inParallel(settings.idleTopics, TOPICS_AT_A_TIME, settings.setupMsMax, async (topic) => {
      await catalog.putTopic(`idle${topic}`);
      for (let index = 0; index < perTopic; index++) {
        const url = `${bench.receiverOrigin}/idle/${topic}`;
        await catalog.putSubscription(`idle${topic}`, `s${index}`, url, settings.maxInFlight);
      }
    });
    const setupS = (nowMs() - setupFromMs) / 1000;

    await untilQuiet(server);
    const cpuUsBefore = bench.cpuUs(server);
    const idleFromMs = nowMs();
    await delay(settings.idleMs);
    const idlePercent = (bench.cpuUs(server) - cpuUsBefore) / (nowMs() - idleFromMs) / 10;
    const full = await account.throughput(server);

    const refusing = `http://127.0.0.1:${await freePort()}/x`;
    // In topics of their own, so that the others stay idle.
    await inParallel(settings.idleTopics / 10, TOPICS_AT_A_TIME, settings.setupMsMax, async (number) => {
      const topic = `failing${number}`;
      await catalog.putTopic(topic);
      await catalog.putSubscription(topic, "failing", refusing, settings.maxInFlight);
      await catalog.send(publishBatch(server.origin, topic, settings.bodyBytes, FAILING_MESSAGES));
    });
    await delay(settings.idleMs);
    const withoutTraffic = server.memory().residentBytes / 1e6;
    const failing = await account.throughput(server);

    return {
      figures: [
        { name: "idle CPU, of one core", value: idlePercent, unit: "%", atMost: 1 },
        throughputKept("throughput that the busy subscription keeps", empty, full),
        throughputKept("the same beside 1,000 failing subscriptions", empty, failing),
        { name: "resident memory with all of them, without traffic", value: withoutTraffic, unit: "MB", atMost: 256 },
        { name: "resident memory, at its peak", value: server.memory().peakBytes / 1e6, unit: "MB", atMost: 256 },
      ],
      deliveries: [await account.close()],
      details: {
        subscriptions,
        setupS,
        perSecondEmpty: empty,
        perSecondFull: full,
        perSecondFailing: failing,
        residentMb: server.memory().residentBytes / 1e6,
      },
    };
  },
};
