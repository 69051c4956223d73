import type { Server } from "../server/launch.ts";
import { Account, untilQuiet } from "./arrival.ts";
import type { Bench, Measured, Scenario } from "./bench.ts";
import { CostMeter, costPerMessage, databasePercent } from "./cost.ts";
import type { Cost } from "./cost.ts";
import { closedLoop, publishOne } from "./requests.ts";
import type { Figure } from "./result.ts";

const NODES_MAX = 4;
const SEVERAL = 8;
/** Over all nodes, so that no number of them is held up by it. */
const MAX_IN_FLIGHT = 256;

/** Topics with one subscription each. */
interface Load {
  readonly name: string;
  readonly topics: readonly string[];
  readonly accounts: readonly Account[];
}

interface Run {
  readonly load: string;
  readonly nodes: number;
  readonly perSecond: number;
  readonly cost: Cost;
}

export const nodesScenario: Scenario = {
  name: "nodes",
  title: "one to four nodes on one database: one hot subscription, and eight",
  needs: "postgres",
  async run(bench, server) {
    const loads = [
      await subscribed(bench, server, "hot", ["hot"]),
      await subscribed(
        bench,
        server,
        "several",
        Array.from({ length: SEVERAL }, (_, index) => `several${index}`),
      ),
    ];
    const nodes = [server];
    try {
      const runs: Run[] = [];
      for (;;) {
        for (const load of loads) {
          await publishAndDeliver(bench, nodes, load, bench.settings.warmUpMs);
          runs.push(await publishAndDeliver(bench, nodes, load, bench.settings.measuredMs));
        }
        if (nodes.length === NODES_MAX) break;
        nodes.push(await bench.launchNode(nodesScenario.name, nodes.length + 1));
      }
      return await measured(runs, loads);
    } finally {
      await Promise.all(nodes.slice(1).map((node) => node.stop()));
    }
  },
};

async function subscribed(bench: Bench, server: Server, name: string, topics: readonly string[]): Promise<Load> {
  for (const topic of topics) {
    await server.catalog.putTopic(topic);
    await server.catalog.putSubscription(topic, "s", `${bench.receiverOrigin}/${topic}/0`, MAX_IN_FLIGHT);
  }
  return { name, topics, accounts: topics.map((topic) => new Account(bench, topic, ["0"])) };
}

/** Publishes to every topic through every node, as many at a time in all whatever the number of nodes is. */
async function publishAndDeliver(bench: Bench, nodes: readonly Server[], load: Load, durationMs: number): Promise<Run> {
  const { settings } = bench;
  const concurrency = Math.max(1, Math.floor(settings.concurrency / nodes.length / load.topics.length));
  const meter = await CostMeter.start(bench, nodes);
  const perTopic = await Promise.all(
    load.topics.map((topic) =>
      Promise.all(
        nodes.map(({ origin }) => {
          const target = publishOne(origin, topic, settings.bodyBytes);
          return bench.load.call("closedLoop", { ...closedLoop(target, settings, durationMs), concurrency });
        }),
      ),
    ),
  );
  for (const [index, reports] of perTopic.entries()) {
    for (const report of reports) load.accounts[index]?.add(report);
  }
  const arrivals = await Promise.all(load.accounts.map((account) => account.untilArrived()));
  await Promise.all(nodes.map(untilQuiet));
  const reports = perTopic.flat();
  const messages = reports.reduce((sum, { acceptedMessages }) => sum + acceptedMessages, 0);
  const fromMs = Math.min(...reports.map(({ startedAtMs }) => startedAtMs));
  const toMs = Math.max(...arrivals.map(({ lastAtMs }) => lastAtMs));
  return {
    load: load.name,
    nodes: nodes.length,
    perSecond: (messages * 1000) / (toMs - fromMs),
    cost: costPerMessage(await meter.stop(), messages),
  };
}

async function measured(runs: readonly Run[], loads: readonly Load[]): Promise<Measured> {
  return {
    figures: runs.map(figure),
    deliveries: await Promise.all(loads.flatMap(({ accounts }) => accounts.map((account) => account.close()))),
    details: { runs, maxInFlight: MAX_IN_FLIGHT },
  };
}

function figure({ load, nodes, perSecond, cost }: Run): Figure {
  return {
    name: `${load}, ${nodes} ${nodes === 1 ? "node" : "nodes"}: database's CPU`,
    value: databasePercent(cost),
    unit: "%",
    limit: "at most",
    reach: null,
    perSecond,
    serverUs: cost.nodesUs,
    cost,
  };
}
