import { setTimeout as delay } from "node:timers/promises";
import { nowMs } from "../clock.ts";
import { Account, untilQuiet } from "./arrival.ts";
import type { Scenario } from "./bench.ts";
import { CostMeter, costPerMessage } from "./cost.ts";
import { closedLoop, publishOne, publishTimed } from "./requests.ts";

const TOPIC = "single";
/** Slow enough that each is delivered and settled before the next one comes. */
const MESSAGES_PER_SECOND = 10;

export const oneAtATimeScenario: Scenario = {
  name: "one-at-a-time",
  title: "a message now and then, and nothing else",
  needs: "postgres",
  async run(bench, server) {
    const { settings } = bench;
    await server.catalog.putTopic(TOPIC);
    await server.catalog.putSubscription(TOPIC, "s", `${bench.receiverOrigin}/${TOPIC}/0`, settings.maxInFlight);
    const account = new Account(bench, TOPIC, ["0"]);
    const warmUp = publishOne(server.origin, TOPIC, settings.bodyBytes);
    account.add(await bench.load.call("closedLoop", closedLoop(warmUp, settings, settings.warmUpMs)));
    await account.untilArrived();
    await untilQuiet(server);

    const restFromMs = nowMs();
    const rest = await CostMeter.start(bench, [server]);
    await delay(settings.idleMs);
    const atRest = await rest.stop();
    const restS = (nowMs() - restFromMs) / 1000;

    const meter = await CostMeter.start(bench, [server]);
    const report = await bench.load.call("openLoop", {
      ...publishTimed(server.origin, TOPIC, settings.bodyBytes),
      requestsPerSecond: MESSAGES_PER_SECOND,
      durationMs: settings.oneAtATimeMs,
    });
    account.add(report);
    await account.untilArrived();
    await untilQuiet(server);
    const cost = costPerMessage(await meter.stop(), report.acceptedMessages);
    return {
      figures: [
        {
          name: "statements per message",
          value: cost.database?.statements ?? Number.NaN,
          unit: "/msg",
          limit: "at most",
          reach: 4,
          perSecond: MESSAGES_PER_SECOND,
          serverUs: cost.nodesUs,
          cost,
        },
        {
          name: "statements at rest",
          value: (atRest.database?.statements ?? Number.NaN) / restS,
          unit: "/s",
          limit: "at most",
          reach: null,
        },
      ],
      deliveries: [await account.close()],
      details: { messages: report.acceptedMessages, answeredMs: report.answeredMs, atRest, restS },
    };
  },
};
