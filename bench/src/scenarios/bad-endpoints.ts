import { publishBatch } from "../load/requests.ts";
import type { Server } from "../server/server.ts";
import { WorkerProcess } from "../workers/worker-process.ts";
import { Account } from "./account.ts";
import type { Bench, Scenario } from "./bench.ts";
import { throughputKeptOfPairs, type Figure, type ThroughputPair } from "./result.ts";
import { throughputPairs } from "./throughput-pairs.ts";

const BATCHES = 40;

const kinds = {
  dead: "an endpoint that refuses connections",
  slow: "an endpoint that sends one byte a second",
  huge: "an endpoint with endless replies",
  flood: "an endpoint that ends every connection",
} as const;

export const badEndpointsScenario: Scenario = {
  name: "bad-endpoints",
  title: "a subscription beside one with a backlog for a bad endpoint",
  async run(bench, server) {
    const endpoints = new WorkerProcess("bad-endpoints");
    const ports = await endpoints.call("ports");
    const account = await Account.ofTopic(bench, server, "healthy");
    await account.publishFor(server, bench.settings.warmUpMs);
    const figures: Figure[] = [];
    const details: Record<string, readonly ThroughputPair[]> = {};
    for (const [kind, description] of Object.entries(kinds) as [keyof typeof kinds, string][]) {
      await publishBacklog(bench, server, kind, ports[kind]);
      const pairs = await throughputPairs(bench, server, account, {
        start: () => server.catalog.resume(kind, "s"),
        stop: () => server.catalog.pause(kind, "s"),
      });
      figures.push(throughputKeptOfPairs(`throughput kept beside ${description}`, pairs));
      details[kind] = pairs;
      await server.catalog.deleteTopic(kind);
    }
    await endpoints.stop();
    return { figures, deliveries: [await account.close()], details };
  },
};

/** Publishes messages to a topic whose subscription is paused. */
async function publishBacklog(bench: Bench, { catalog, origin }: Server, topic: string, port: number): Promise<void> {
  const { maxInFlight, bodyBytes, backlogBatchMessages } = bench.settings;
  await catalog.putTopic(topic);
  await catalog.putSubscription(topic, "s", `http://127.0.0.1:${port}/x`, maxInFlight);
  await catalog.pause(topic, "s");
  const batch = publishBatch(origin, topic, bodyBytes, backlogBatchMessages);
  for (let count = 0; count < BATCHES; count++) await catalog.send(batch);
}
