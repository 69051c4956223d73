import type { Scenario } from "./bench.ts";
import { cpuPerDelivery, STATEMENTS_PER_MESSAGE_MAX } from "./cpu-per-delivery.ts";
import { closedLoop, publishBatch } from "./requests.ts";

/** Batches in flight: enough to keep the server busy, few enough that publishing does not run far ahead of delivery. */
const BATCHES_IN_FLIGHT = 8;

export const publishBatchScenario: Scenario = {
  name: "publish-batch",
  title: "the same, in batches of 16",
  async run(bench, server) {
    const { settings } = bench;
    await server.catalog.putTopic("batch");
    await server.catalog.putSubscription("batch", "s", `${bench.receiverOrigin}/batch/0`, settings.maxInFlight);
    const target = publishBatch(server.origin, "batch", settings.bodyBytes, settings.batchMessages);
    const loop = (durationMs: number) => ({
      ...closedLoop(target, settings, durationMs),
      concurrency: BATCHES_IN_FLIGHT,
      requestsMax: Math.ceil(settings.requestsMax / settings.batchMessages),
    });
    return cpuPerDelivery(bench, server, {
      figure: "CPU per message",
      reach: 2,
      statementsReach: STATEMENTS_PER_MESSAGE_MAX,
      group: "batch",
      members: ["0"],
      warmUp: loop(settings.warmUpMs),
      measured: loop(settings.measuredMs),
    });
  },
};
