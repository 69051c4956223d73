import { publishOne } from "../load/requests.ts";
import type { Server } from "../server/server.ts";
import { Account, untilQuiet } from "./account.ts";
import type { Bench, Scenario } from "./bench.ts";
import { CostMeter } from "./cost-meter.ts";
import { costPerMessage, databasePercent } from "./cost.ts";
import type { Cost } from "./cost.ts";
import type { Figure } from "./result.ts";

const NODES_MAX = 4;
const TOPICS = { hot: ["hot"], several: Array.from({ length: 8 }, (_, index) => `several${index}`) };
/**
 * Deliveries that each subscription may have in flight, summed over all nodes. The number is so large that it does not
 * limit the throughput of any number of nodes.
 */
const MAX_IN_FLIGHT = 256;

/** Topics with one subscription each. */
interface Load {
  readonly name: string;
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
  title: "one to four nodes on one database: one hot subscription, then eight",
  needs: "postgres",
  async run(bench, server) {
    const loads: Load[] = [];
    for (const [name, topics] of Object.entries(TOPICS)) {
      const accounts: Account[] = [];
      for (const topic of topics) accounts.push(await Account.ofTopic(bench, server, topic, MAX_IN_FLIGHT));
      loads.push({ name, accounts });
    }
    const nodes = [server];
    const runs: Run[] = [];
    try {
      for (;;) {
        for (const load of loads) {
          await publishAndDeliver(bench, nodes, load, bench.settings.warmUpMs);
          runs.push(await publishAndDeliver(bench, nodes, load, bench.settings.measuredMs));
        }
        if (nodes.length === NODES_MAX) break;
        nodes.push(await bench.launchNode(nodesScenario.name, nodes.length + 1));
      }
      return {
        figures: runs.map(figure),
        deliveries: await Promise.all(loads.flatMap(({ accounts }) => accounts.map((account) => account.close()))),
        details: { runs, maxInFlight: MAX_IN_FLIGHT },
      };
    } finally {
      await Promise.all(nodes.slice(1).map((node) => node.stop()));
    }
  },
};

/**
 * Publishes to every topic through every node. The total number of publishes in flight is the same for any number of
 * nodes.
 */
async function publishAndDeliver(
  bench: Bench,
  nodes: readonly Server[],
  { name, accounts }: Load,
  durationMs: number,
): Promise<Run> {
  const { settings } = bench;
  const concurrency = Math.max(1, Math.floor(settings.concurrency / nodes.length / accounts.length));
  const meter = await CostMeter.start(bench, nodes);
  const reports = await Promise.all(
    accounts.flatMap((account) =>
      nodes.map(async ({ origin }) => {
        const target = publishOne(origin, account.group, settings.bodyBytes);
        const report = await bench.load.call("closedLoop", { ...bench.loop(target, durationMs), concurrency });
        account.add(report);
        return report;
      }),
    ),
  );
  const arrivals = await Promise.all(accounts.map((account) => account.untilArrived()));
  await Promise.all(nodes.map(untilQuiet));
  const messages = reports.reduce((sum, { acceptedMessages }) => sum + acceptedMessages, 0);
  const fromMs = Math.min(...reports.map(({ startedAtMs }) => startedAtMs));
  const toMs = Math.max(...arrivals.map(({ lastAtMs }) => lastAtMs));
  return {
    load: name,
    nodes: nodes.length,
    perSecond: (messages * 1000) / (toMs - fromMs),
    cost: costPerMessage(await meter.stop(), messages),
  };
}

function figure({ load, nodes, perSecond, cost }: Run): Figure {
  return {
    name: `${load}, ${nodes} ${nodes === 1 ? "node" : "nodes"}: database's share of the CPU time`,
    value: databasePercent(cost),
    unit: "%",
    perSecond,
    serverUs: cost.serversUs,
    cost,
  };
}
