import type { ClosedLoop } from "../load/closed-loop.ts";
import type { Server } from "../server/server.ts";
import { median } from "../statistics/percentiles.ts";
import { untilQuiet } from "./account.ts";
import type { Account } from "./account.ts";
import { alternate, Baseline } from "./baseline.ts";
import type { Bench } from "./bench.ts";
import { CostMeter } from "./cost-meter.ts";
import { costPerMessage, medianCost, totalUs } from "./cost.ts";
import type { Cost } from "./cost.ts";
import { medianFigure } from "./result.ts";
import type { Figure, Measured } from "./result.ts";

export interface CpuPlan {
  readonly figure: string;
  /** Target for the CPU time of a delivery, as a number of bare POSTs; see `cpuPerDelivery`. */
  readonly atMost: number;
  /** Target for the statements per delivery, with PostgreSQL. Undefined: the scenario has no figure for statements. */
  readonly statementsAtMost?: number;
  readonly account: Account;
  readonly warmUp: ClosedLoop;
  readonly measured: ClosedLoop;
}

export interface Sample {
  readonly deliveries: number;
  readonly cost: Cost;
  readonly receiverUs: number;
  readonly generatorUs: number;
  readonly perSecond: number;
}

/**
 * Measures the CPU time of server and database per delivery. The time includes receiving the publish and recording the
 * attempt. The unit is the CPU time of one bare POST: a POST by a loop that does nothing else. Bare POSTs are measured
 * before, between and after the samples.
 */
export async function cpuPerDelivery(bench: Bench, server: Server, plan: CpuPlan): Promise<Measured> {
  const { account } = plan;
  await sample(bench, server, account, plan.warmUp);
  const baseline = await Baseline.of(bench, account.group);
  const { samples } = await alternate(
    bench.settings.repeats,
    () => sample(bench, server, account, plan.measured),
    () => baseline.measure(),
  );
  const ratios = baseline.ratios(samples.map(({ cost }) => totalUs(cost)));
  const cost = medianCost(samples.map(({ cost }) => cost));
  return {
    figures: [
      {
        name: plan.figure,
        ...medianFigure(ratios.request),
        unit: "×",
        atMost: plan.atMost,
        dispatchRatio: median(ratios.dispatch),
        perSecond: median(samples.map(({ perSecond }) => perSecond)),
        serverUs: cost.serversUs,
        bareUs: median(baseline.requestUs),
        receiverUs: median(samples.map(({ receiverUs }) => receiverUs)),
        generatorUs: median(samples.map(({ generatorUs }) => generatorUs)),
        cost,
      },
      ...statementsFigure(plan, cost),
    ],
    deliveries: [await account.close()],
    details: {
      samples,
      ratios,
      bareRequestUs: baseline.requestUs,
      bareDispatchUs: baseline.dispatchUs,
      receiverConnectionsPeak: (await bench.receiver.call("usage")).connectionsPeak,
    },
  };
}

function statementsFigure({ statementsAtMost }: CpuPlan, { database }: Cost): Figure[] {
  if (database === null || statementsAtMost === undefined) return [];
  return [{ name: "statements per message", value: database.statements, unit: "/msg", atMost: statementsAtMost }];
}

export async function sample(bench: Bench, server: Server, account: Account, loop: ClosedLoop): Promise<Sample> {
  const { receiver, load } = bench;
  const receiverUsBefore = (await receiver.call("usage")).cpuUs;
  const arrivedBefore = (await receiver.call("arrivals", account.group)).distinct;
  const meter = await CostMeter.start(bench, [server]);
  const report = await load.call("closedLoop", loop);
  account.add(report);
  const arrivals = await account.untilArrived();
  await untilQuiet(server);
  const cost = await meter.stop();
  const deliveries = arrivals.distinct - arrivedBefore;
  return {
    deliveries,
    cost: costPerMessage(cost, deliveries),
    receiverUs: ((await receiver.call("usage")).cpuUs - receiverUsBefore) / deliveries,
    generatorUs: report.cpuUs / deliveries,
    perSecond: (deliveries * 1000) / (arrivals.lastAtMs - report.startedAtMs),
  };
}
