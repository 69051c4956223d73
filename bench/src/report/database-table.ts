import { databasePercent } from "../scenarios/cost.ts";
import type { Cost } from "../scenarios/cost.ts";
import type { ScenarioResult } from "../scenarios/result.ts";
import { alignedTable, number } from "./table.ts";

const HEADINGS = [
  "per message",
  "",
  "msgs/s",
  "nodes µs",
  "database µs",
  "share",
  "statements",
  "append",
  "claim",
  "settle",
  "WAL bytes",
  "msgs/s a database core",
];
const LEFT = new Set([0, 1]);
const US_PER_S = 1e6;

/** What each message (of a fan-out: each delivery) asks of the database. Empty when there is none beside the server. */
export function databaseTable(results: readonly Pick<ScenarioResult, "scenario" | "figures">[]): string {
  const rows = results.flatMap(({ scenario, figures }) => {
    const seen = new Set<Cost>();
    return figures.flatMap(({ name, perSecond, cost }) => {
      // Several figures of one run share its cost.
      if (cost === undefined || cost.database === null || seen.has(cost)) return [];
      const first = seen.size === 0;
      seen.add(cost);
      const { cpuUs, statements, appends, claims, settlements, walBytes } = cost.database;
      return [
        [
          first ? scenario : "",
          name.split(":")[0] ?? "",
          perSecond === undefined ? "" : number(perSecond),
          number(cost.nodesUs),
          number(cpuUs),
          `${number(databasePercent(cost))} %`,
          ...[statements, appends, claims, settlements].map(number),
          number(walBytes),
          number(US_PER_S / cpuUs),
        ],
      ];
    });
  });
  return rows.length === 0 ? "" : alignedTable(HEADINGS, rows, LEFT);
}
