import type { Scenario } from "./bench.ts";
import { cpuPerDelivery, STATEMENTS_PER_MESSAGE_MAX } from "./cpu-per-delivery.ts";
import { closedLoop, publishOne } from "./requests.ts";

export const publishOneScenario: Scenario = {
  name: "publish-one",
  title: "one message per request, one push subscription",
  async run(bench, server) {
    const { settings } = bench;
    await server.catalog.putTopic("one");
    await server.catalog.putSubscription("one", "s", `${bench.receiverOrigin}/one/0`, settings.maxInFlight);
    const target = publishOne(server.origin, "one", settings.bodyBytes);
    return cpuPerDelivery(bench, server, {
      figure: "CPU per message",
      reach: 3,
      statementsReach: STATEMENTS_PER_MESSAGE_MAX,
      group: "one",
      members: ["0"],
      warmUp: closedLoop(target, settings, settings.warmUpMs),
      measured: closedLoop(target, settings, settings.measuredMs),
    });
  },
};
