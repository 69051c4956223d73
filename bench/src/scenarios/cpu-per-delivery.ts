import type { ClosedLoop } from "../load/commands.ts";
import type { Server } from "../server/launch.ts";
import { median } from "../statistics/percentiles.ts";
import { Account, untilQuiet } from "./arrival.ts";
import type { Bench, Measured } from "./bench.ts";
import { CostMeter, costPerMessage, medianCost, totalUs } from "./cost.ts";
import type { Cost } from "./cost.ts";
import type { Figure } from "./result.ts";
import { Yardstick } from "./yardstick.ts";

/** At full rate, when batches are full. */
export const STATEMENTS_PER_MESSAGE_MAX = 0.3;

export interface CpuPlan {
  readonly figure: string;
  /** In bare POSTs. */
  readonly reach: number;
  /** At most so many statements to the database per delivery, where there is one; null: nothing is said. */
  readonly statementsReach: number | null;
  /** The receiver's paths are `/group/member`, one member per subscription. */
  readonly group: string;
  readonly members: readonly string[];
  readonly warmUp: ClosedLoop;
  readonly measured: ClosedLoop;
}

interface Sample {
  readonly deliveries: number;
  readonly cost: Cost;
  readonly receiverUs: number;
  readonly generatorUs: number;
  readonly perSecond: number;
}

/** The CPU time of server and database per delivery, publishing and recording included, in bare POSTs that are measured in between. */
export async function cpuPerDelivery(bench: Bench, server: Server, plan: CpuPlan): Promise<Measured> {
  const account = new Account(bench, plan.group, plan.members);
  await sample(bench, server, plan, plan.warmUp, account);
  const yardstick = await Yardstick.of(bench, plan.group);
  const samples: Sample[] = [];
  for (let repeat = 0; repeat < bench.settings.repeats; repeat++) {
    await yardstick.measure();
    samples.push(await sample(bench, server, plan, plan.measured, account));
  }
  await yardstick.measure();

  const ratios = yardstick.ratios(samples.map((one) => totalUs(one.cost)));
  const cost = medianCost(samples.map((one) => one.cost));
  return {
    figures: [
      {
        name: plan.figure,
        value: median(ratios.request),
        lowest: Math.min(...ratios.request),
        highest: Math.max(...ratios.request),
        unit: "×",
        limit: "at most",
        reach: plan.reach,
        dispatchRatio: median(ratios.dispatch),
        perSecond: median(samples.map((one) => one.perSecond)),
        serverUs: cost.nodesUs,
        bareUs: median(yardstick.requestUs),
        receiverUs: median(samples.map((one) => one.receiverUs)),
        generatorUs: median(samples.map((one) => one.generatorUs)),
        cost,
      },
      ...statementsFigure(plan, cost),
    ],
    deliveries: [await account.close()],
    details: {
      samples,
      ratios,
      bareRequestUs: yardstick.requestUs,
      bareDispatchUs: yardstick.dispatchUs,
      receiverConnectionsPeak: (await bench.receiver.call("usage", null)).connectionsPeak,
    },
  };
}

function statementsFigure({ statementsReach }: CpuPlan, { database }: Cost): Figure[] {
  if (database === null || statementsReach === null) return [];
  const value = database.statements;
  return [{ name: "statements per message", value, unit: "/msg", limit: "at most", reach: statementsReach }];
}

async function sample(
  bench: Bench,
  server: Server,
  plan: CpuPlan,
  loop: ClosedLoop,
  account: Account,
): Promise<Sample> {
  const before = {
    receiver: (await bench.receiver.call("usage", null)).cpuUs,
    arrived: (await bench.receiver.call("arrivals", { group: plan.group })).distinct,
  };
  const meter = await CostMeter.start(bench, [server]);
  const report = await bench.load.call("closedLoop", loop);
  account.add(report);
  const arrivals = await account.untilArrived();
  await untilQuiet(server);
  const cost = await meter.stop();
  const deliveries = arrivals.distinct - before.arrived;
  return {
    deliveries,
    cost: costPerMessage(cost, deliveries),
    receiverUs: ((await bench.receiver.call("usage", null)).cpuUs - before.receiver) / deliveries,
    generatorUs: report.cpuUs / deliveries,
    perSecond: (deliveries * 1000) / (arrivals.lastAtMs - report.startedAtMs),
  };
}
