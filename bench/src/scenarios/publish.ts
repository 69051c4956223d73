import type { Target } from "../load/target.ts";
import { publishBatch, publishOne } from "../load/requests.ts";
import type { Server } from "../server/server.ts";
import { Account } from "./account.ts";
import type { Bench, Scenario } from "./bench.ts";
import { cpuPerDelivery } from "./cpu-per-delivery.ts";
import type { Measured } from "./result.ts";

/**
 * Number of batches in flight: enough to keep the server busy, but so few that messages are delivered soon after their
 * publish.
 */
const BATCHES_IN_FLIGHT = 8;
/** Target at full rate, at which the server's batches are full. */
const STATEMENTS_PER_MESSAGE_MAX = 0.3;

export const publishOneScenario: Scenario = {
  name: "publish-one",
  title: "one message per request, one push subscription",
  run(bench, server) {
    const target = publishOne(server.origin, "one", bench.settings.bodyBytes);
    return cpuPerMessage(bench, server, "one", target, 3, bench.settings.concurrency);
  },
};

export const publishBatchScenario: Scenario = {
  name: "publish-batch",
  title: "batches of 16 messages, one push subscription",
  run(bench, server) {
    const { bodyBytes, batchMessages } = bench.settings;
    const target = publishBatch(server.origin, "batch", bodyBytes, batchMessages);
    return cpuPerMessage(bench, server, "batch", target, 2, BATCHES_IN_FLIGHT);
  },
};

async function cpuPerMessage(
  bench: Bench,
  server: Server,
  topic: string,
  target: Target,
  atMost: number,
  concurrency: number,
): Promise<Measured> {
  const { settings } = bench;
  const requestsMax = Math.ceil(settings.requestsMax / target.messagesPerRequest);
  return cpuPerDelivery(bench, server, {
    figure: "CPU per message",
    atMost,
    statementsAtMost: STATEMENTS_PER_MESSAGE_MAX,
    account: await Account.ofTopic(bench, server, topic),
    warmUp: { ...target, concurrency, requestsMax, durationMs: settings.warmUpMs },
    measured: { ...target, concurrency, requestsMax, durationMs: settings.measuredMs },
  });
}
