import { spread } from "../statistics/percentiles.ts";
import { Account, untilQuiet } from "./arrival.ts";
import type { Scenario } from "./bench.ts";
import { closedLoop, publishOne, publishTimed, text } from "./requests.ts";

const TOPIC = "timed";
const BARE_GROUP = "timed-bare";
/** Of the peak rate. */
const SHARE = 0.1;

export const latencyScenario: Scenario = {
  name: "latency",
  title: "publish to receiver, at a tenth of the peak rate",
  async run(bench, server) {
    const { settings } = bench;
    const { bodyBytes } = settings;
    await server.catalog.putTopic("peak");
    await server.catalog.putSubscription("peak", "s", `${bench.receiverOrigin}/peak/0`, settings.maxInFlight);
    await server.catalog.putTopic(TOPIC);
    await server.catalog.putSubscription(TOPIC, "s", `${bench.receiverOrigin}/${TOPIC}/0`, settings.maxInFlight);

    const peakAccount = new Account(bench, "peak", ["0"]);
    const busy = async (durationMs: number): Promise<number> => {
      const target = publishOne(server.origin, "peak", bodyBytes);
      const report = await bench.load.call("closedLoop", closedLoop(target, settings, durationMs));
      peakAccount.add(report);
      const arrivals = await peakAccount.untilArrived();
      return (report.acceptedMessages * 1000) / (arrivals.lastAtMs - report.startedAtMs);
    };
    await busy(settings.warmUpMs);
    const peakPerSecond = await busy(settings.throughputMs);
    await untilQuiet(server);
    const requestsPerSecond = Math.max(1, Math.round(peakPerSecond * SHARE));

    const pace = { requestsPerSecond, durationMs: settings.latencyMs };
    const bare = await bench.load.call("openLoop", {
      origin: bench.receiverOrigin,
      path: `/${BARE_GROUP}/0`,
      headers: ["content-type", "text/plain"],
      body: Buffer.from(text(bodyBytes)),
      okStatus: 200,
      messagesPerRequest: 1,
      readIds: false,
      timestampOffset: 0,
      ...pace,
    });
    const account = new Account(bench, TOPIC, ["0"]);
    const report = await bench.load.call("openLoop", { ...publishTimed(server.origin, TOPIC, bodyBytes), ...pace });
    account.add(report);
    await account.untilArrived();

    const arrivedMs = spread(await bench.receiver.call("latenciesMs", { group: TOPIC }));
    const deliveries = [await peakAccount.close(), await account.close()];
    await bench.receiver.call("forget", { group: BARE_GROUP });
    const over = (share: "p50" | "p99", reach: number) => ({
      name: `${share} over the receiver's own`,
      value: arrivedMs[share] - bare.answeredMs[share],
      unit: "ms" as const,
      limit: "at most" as const,
      reach,
      perSecond: requestsPerSecond,
    });
    return {
      figures: [over("p50", 5), over("p99", 25)],
      deliveries,
      details: {
        peakPerSecond,
        requestsPerSecond,
        arrivedMs,
        receiversOwnMs: bare.answeredMs,
        publishAnsweredMs: report.answeredMs,
        sentLateMs: report.sentLateMs,
        sentLateBareMs: bare.sentLateMs,
      },
    };
  },
};
