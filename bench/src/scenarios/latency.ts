import { publishTimed, text } from "../load/requests.ts";
import { spread } from "../statistics/percentiles.ts";
import { Account, untilQuiet } from "./account.ts";
import type { Scenario } from "./bench.ts";
import type { Figure } from "./result.ts";

const TOPIC = "timed";
const BARE_GROUP = "timed-bare";
const SHARE_OF_PEAK = 0.1;

export const latencyScenario: Scenario = {
  name: "latency",
  title: "publish to receiver, at a tenth of the peak rate",
  async run(bench, server) {
    const { bodyBytes, warmUpMs, throughputMs, latencyMs: durationMs } = bench.settings;
    const peakAccount = await Account.ofTopic(bench, server, "peak");
    const account = await Account.ofTopic(bench, server, TOPIC);
    await peakAccount.publishFor(server, warmUpMs);
    const peakPerSecond = await peakAccount.publishFor(server, throughputMs);
    await untilQuiet(server);
    const requestsPerSecond = Math.max(1, Math.round(peakPerSecond * SHARE_OF_PEAK));

    const bare = await bench.load.call("openLoop", {
      origin: bench.receiverOrigin,
      path: `/${BARE_GROUP}/0`,
      headers: ["content-type", "text/plain"],
      body: Buffer.from(text(bodyBytes)),
      okStatus: 200,
      messagesPerRequest: 1,
      readReply: false,
      timestampOffset: 0,
      requestsPerSecond,
      durationMs,
    });
    const target = publishTimed(server.origin, TOPIC, bodyBytes);
    const report = await bench.load.call("openLoop", { ...target, requestsPerSecond, durationMs });
    account.add(report);
    await account.untilArrived();

    const arrivedMs = spread(await bench.receiver.call("latenciesMs", TOPIC));
    const deliveries = [await peakAccount.close(), await account.close()];
    await bench.receiver.call("discard", BARE_GROUP);
    const figure = (share: "p50" | "p99", atMost: number): Figure => ({
      name: `${share} over the receiver's own`,
      value: arrivedMs[share] - bare.answeredMs[share],
      unit: "ms",
      atMost,
      perSecond: requestsPerSecond,
    });
    return {
      figures: [figure("p50", 5), figure("p99", 25)],
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
