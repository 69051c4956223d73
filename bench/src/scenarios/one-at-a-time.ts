import { setTimeout as delay } from "node:timers/promises";
import { nowMs } from "../clock.ts";
import { publishTimed } from "../load/requests.ts";
import { Account, untilQuiet } from "./account.ts";
import type { Scenario } from "./bench.ts";
import { costPerMessage } from "./cost.ts";
import { CostMeter } from "./cost-meter.ts";

/**
 * Publishing rate. The rate is so low that each message is delivered and its outcome recorded before the next one is
 * published.
 */
const MESSAGES_PER_SECOND = 10;

export const oneAtATimeScenario: Scenario = {
  name: "one-at-a-time",
  title: "ten messages a second, and nothing else",
  needs: "postgres",
  async run(bench, server) {
    const { settings } = bench;
    const account = await Account.ofTopic(bench, server, "single");
    await account.publishFor(server, settings.warmUpMs);
    await untilQuiet(server);

    const restFromMs = nowMs();
    const restMeter = await CostMeter.start(bench, [server]);
    await delay(settings.idleMs);
    const atRest = await restMeter.stop();
    const restS = (nowMs() - restFromMs) / 1000;

    const meter = await CostMeter.start(bench, [server]);
    const report = await bench.load.call("openLoop", {
      ...publishTimed(server.origin, account.group, settings.bodyBytes),
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
          atMost: 4,
          perSecond: MESSAGES_PER_SECOND,
          serverUs: cost.serversUs,
          cost,
        },
        { name: "statements at rest", value: (atRest.database?.statements ?? Number.NaN) / restS, unit: "/s" },
      ],
      deliveries: [await account.close()],
      details: { messages: report.acceptedMessages, answeredMs: report.answeredMs, atRest, restS },
    };
  },
};
