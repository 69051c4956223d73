import { publishBatch } from "../load/requests.ts";
import { freePort } from "../process/loopback.ts";
import { Catalog } from "../server/catalog.ts";
import { inParallel } from "../server/in-parallel.ts";
import { Account } from "./account.ts";
import type { Scenario } from "./bench.ts";
import { throughputKeptOfPairs } from "./result.ts";
import { throughputPairs } from "./throughput-pairs.ts";

const TENANT = "noisy";
const TOPICS_AT_A_TIME = 16;
const BATCHES_PER_TOPIC = 4;

export const noisyTenantScenario: Scenario = {
  name: "noisy-tenant",
  title: "a tenant with a backlog for 1,000 endpoints that refuse or never answer, beside a quiet one",
  async run(bench, server) {
    const { settings } = bench;
    await server.catalog.putAccount(TENANT);
    const account = await Account.ofTopic(bench, server, "quiet");
    await account.publishFor(server, settings.warmUpMs);

    const noisy = new Catalog(server.origin, TENANT);
    const endpoints = [`http://127.0.0.1:${await freePort()}`, bench.silentOrigin];
    const ofEachTopic = (task: (topic: string, index: number) => Promise<void>): Promise<void> =>
      inParallel(settings.idleTopics / 10, TOPICS_AT_A_TIME, settings.setupMsMax, (index) =>
        task(`topic${index}`, index),
      );
    await ofEachTopic(async (topic, index) => {
      await noisy.putTopic(topic);
      const url = `${endpoints[index % endpoints.length]}/${index}`;
      await noisy.putSubscription(topic, "s", url, settings.maxInFlight);
      await noisy.pause(topic, "s");
      const batch = publishBatch(server.origin, topic, settings.bodyBytes, settings.backlogBatchMessages);
      for (let count = 0; count < BATCHES_PER_TOPIC; count++) await noisy.send(batch);
    });
    const pairs = await throughputPairs(bench, server, account, {
      start: () => ofEachTopic((topic) => noisy.resume(topic, "s")),
      stop: () => ofEachTopic((topic) => noisy.pause(topic, "s")),
    });
    await noisy.close();
    return {
      figures: [throughputKeptOfPairs("throughput that the quiet tenant keeps", pairs)],
      deliveries: [await account.close()],
      details: { pairs, residentMb: server.memory().residentBytes / 1e6 },
    };
  },
};
