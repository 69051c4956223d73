import { publishOne } from "../load/requests.ts";
import { inParallel } from "../server/in-parallel.ts";
import { Account } from "./account.ts";
import type { Scenario } from "./bench.ts";
import { cpuPerDelivery } from "./cpu-per-delivery.ts";

const TOPIC = "fanout";
const SUBSCRIPTIONS_AT_A_TIME = 16;
/** Two publishes in flight: while one message is being delivered, the next one is waiting. */
const PUBLISHES_IN_FLIGHT = 2;

export const fanoutScenario: Scenario = {
  name: "fanout",
  title: "one message to 1,000 subscriptions",
  async run(bench, server) {
    const { bodyBytes, fanoutMessages, fanoutSubscriptions, maxInFlight, setupMsMax } = bench.settings;
    await server.catalog.putTopic(TOPIC);
    const members = Array.from({ length: fanoutSubscriptions }, (_, index) => String(index));
    await inParallel(members.length, SUBSCRIPTIONS_AT_A_TIME, setupMsMax, (index) =>
      server.catalog.putSubscription(TOPIC, `s${index}`, `${bench.receiverOrigin}/${TOPIC}/${index}`, maxInFlight),
    );
    const target = publishOne(server.origin, TOPIC, bodyBytes);
    const loop = { ...target, concurrency: PUBLISHES_IN_FLIGHT, durationMs: setupMsMax };
    return cpuPerDelivery(bench, server, {
      figure: "CPU per delivery",
      atMost: 1.5,
      account: new Account(bench, TOPIC, members),
      warmUp: { ...loop, requestsMax: Math.ceil(fanoutMessages / 2) },
      measured: { ...loop, requestsMax: fanoutMessages },
    });
  },
};
