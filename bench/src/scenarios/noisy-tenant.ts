import { publishBatch } from "../load/requests.ts";
import { freePort } from "../process/loopback.ts";
import { Catalog } from "../server/catalog.ts";
import { inParallel } from "../server/in-parallel.ts";
import { Account } from "./account.ts";
import type { Scenario } from "./bench.ts";
import { throughputKept } from "./result.ts";

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
    const before = await account.throughput(server);

    const noisy = new Catalog(server.origin, TENANT);
    const endpoints = [`http://127.0.0.1:${await freePort()}`, bench.silentOrigin];
    await inParallel(settings.idleTopics / 10, TOPICS_AT_A_TIME, settings.setupMsMax, async (topic) => {
      await noisy.putTopic(`topic${topic}`);
      const url = `${endpoints[topic % endpoints.length]}/${topic}`;
      await noisy.putSubscription(`topic${topic}`, "s", url, settings.maxInFlight);
      const batch = publishBatch(server.origin, `topic${topic}`, settings.bodyBytes, settings.backlogBatchMessages);
      for (let count = 0; count < BATCHES_PER_TOPIC; count++) await noisy.send(batch);
    });
    const during = await account.throughput(server);
    await noisy.close();
    return {
      figures: [throughputKept("throughput that the quiet tenant keeps", before, during)],
      deliveries: [await account.close()],
      details: { perSecondBefore: before, perSecondDuring: during, residentMb: server.memory().residentBytes / 1e6 },
    };
  },
};
