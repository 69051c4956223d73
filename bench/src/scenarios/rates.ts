import { setTimeout as delay } from "node:timers/promises";
import { publishBatch } from "../load/requests.ts";
import type { Server } from "../server/server.ts";
import { Account } from "./account.ts";
import type { Bench, Scenario } from "./bench.ts";
import type { Figure } from "./result.ts";

const PER_SECOND = [20, 200, 1_000];
const NODES_WITH_POSTGRES = 3;
/** The first starts come while claims and connections are new. */
const SETTLE_MS = 3_000;
/** Backlog for more seconds than are measured, so that the rate is the only limit. */
const SPARE_S = 5;
const BATCH_MESSAGES = 500;
/** So large that it limits no rate, with the deliveries that wait for their starts on all nodes. */
const MAX_IN_FLIGHT = 1_024;

export const ratesScenario: Scenario = {
  name: "rates",
  title: "subscriptions with a rate and a backlog: one node with SQLite, three nodes with PostgreSQL",
  async run(bench, server) {
    const others: Server[] = [];
    try {
      const nodes = bench.database === null ? 1 : NODES_WITH_POSTGRES;
      while (others.length + 1 < nodes) others.push(await bench.launchNode(ratesScenario.name, others.length + 2));
      const figures: Figure[] = [];
      const deliveries = [];
      for (const perSecond of PER_SECOND) {
        const account = await Account.ofTopic(bench, server, `rate${perSecond}`, MAX_IN_FLIGHT);
        const measured = await measuredPerSecond(bench, server, account, perSecond);
        figures.push({
          name: `${perSecond} a second, ${nodes} ${nodes === 1 ? "node" : "nodes"}: share of the rate`,
          value: (100 * measured) / perSecond,
          unit: "%",
          atLeast: 98,
          atMost: 102,
          perSecond: measured,
        });
        await server.catalog.patchSubscription(account.group, "s", { rate: null });
        await account.untilArrived();
        deliveries.push(await account.close());
      }
      return { figures, deliveries, details: { nodes, measuredMs: bench.settings.rateMs } };
    } finally {
      await Promise.all(others.map((node) => node.stop()));
    }
  },
};

/** Both counts come with the receiver's own time, so that a late reading is no error. */
async function measuredPerSecond(bench: Bench, { catalog, origin }: Server, account: Account, perSecond: number) {
  const { bodyBytes, rateMs } = bench.settings;
  const { group } = account;
  await catalog.pause(group, "s");
  await catalog.patchSubscription(group, "s", { rate: { perSecond } });
  const messages = Math.ceil(perSecond * (rateMs / 1_000 + SPARE_S));
  for (let left = messages; left > 0; left -= BATCH_MESSAGES) {
    const target = publishBatch(origin, group, bodyBytes, Math.min(left, BATCH_MESSAGES));
    const loop = { ...bench.loop(target, bench.settings.backlogMsMax), concurrency: 1, requestsMax: 1 };
    account.add(await bench.load.call("closedLoop", loop));
  }
  await catalog.resume(group, "s");
  await delay(SETTLE_MS);
  const first = await bench.receiver.call("arrivals", group);
  await delay(rateMs);
  const last = await bench.receiver.call("arrivals", group);
  return ((last.requests - first.requests) * 1_000) / (last.readAtMs - first.readAtMs);
}
