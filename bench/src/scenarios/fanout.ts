import { inParallel } from "../server/in-parallel.ts";
import type { Scenario } from "./bench.ts";
import { cpuPerDelivery } from "./cpu-per-delivery.ts";
import { closedLoop, publishOne } from "./requests.ts";

const SUBSCRIBES_AT_A_TIME = 16;
/** A message of a thousand deliveries at a time, and the next one waiting. */
const PUBLISHES_IN_FLIGHT = 2;

export const fanoutScenario: Scenario = {
  name: "fanout",
  title: "one message to 1,000 subscriptions",
  async run(bench, server) {
    const { settings } = bench;
    await server.catalog.putTopic("fanout");
    const members = Array.from({ length: settings.fanoutSubscriptions }, (_, index) => String(index));
    await inParallel(members.length, SUBSCRIBES_AT_A_TIME, settings.setupMsMax, (index) =>
      server.catalog.putSubscription(
        "fanout",
        `s${index}`,
        `${bench.receiverOrigin}/fanout/${index}`,
        settings.maxInFlight,
      ),
    );
    const target = publishOne(server.origin, "fanout", settings.bodyBytes);
    const loop = (messages: number) => ({
      ...closedLoop(target, settings, settings.setupMsMax),
      concurrency: PUBLISHES_IN_FLIGHT,
      requestsMax: messages,
    });
    return cpuPerDelivery(bench, server, {
      figure: "CPU per delivery",
      reach: 1.5,
      statementsReach: null,
      group: "fanout",
      members,
      warmUp: loop(Math.ceil(settings.fanoutMessages / 2)),
      measured: loop(settings.fanoutMessages),
    });
  },
};
