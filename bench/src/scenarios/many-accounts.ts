import { setTimeout as delay } from "node:timers/promises";
import { nowMs } from "../clock.ts";
import { Catalog } from "../server/catalog.ts";
import { inParallel } from "../server/in-parallel.ts";
import type { Server } from "../server/server.ts";
import type { Bench, Scenario } from "./bench.ts";

const AT_A_TIME = 32;

export const manyAccountsScenario: Scenario = {
  name: "many-accounts",
  title: "10,000 accounts with one topic each, beside one account with 10,000 topics",
  async run(bench, server) {
    const { settings } = bench;
    await inParallel(settings.idleTopics, AT_A_TIME, settings.setupMsMax, (topic) =>
      server.catalog.putTopic(`topic${topic}`),
    );
    await server.stop();
    const topics = await restarted(bench);

    const server2 = await bench.launch(manyAccountsScenario.name);
    await inParallel(settings.idleTopics, AT_A_TIME, settings.setupMsMax, async (index) => {
      await server2.catalog.deleteTopic(`topic${index}`);
      await server2.catalog.putAccount(`account${index}`);
      const catalog = new Catalog(server2.origin, `account${index}`);
      await catalog.putTopic("topic");
      await catalog.close();
    });
    await server2.stop();
    const accounts = await restarted(bench);
    return {
      figures: [
        { name: "start time, accounts to topics", value: accounts.startS / topics.startS, unit: "×", atMost: 1.5 },
        { name: "resident memory, accounts to topics", value: accounts.mb / topics.mb, unit: "×", atMost: 1.5 },
      ],
      deliveries: [],
      details: { topics, accounts },
    };
  },
};

/** Starts a server on the data of the scenario, and measures how long the start takes and what memory it needs. */
async function restarted(bench: Bench): Promise<{ readonly startS: number; readonly mb: number }> {
  const server: Server = await bench.spawn(manyAccountsScenario.name);
  await server.until(async () => (await fetch(`${server.origin}/readyz`).catch(() => null))?.ok === true);
  const startS = (nowMs() - server.spawnedAtMs) / 1000;
  await delay(bench.settings.idleMs / 5);
  const mb = server.memory().residentBytes / 1e6;
  await server.stop();
  return { startS, mb };
}
