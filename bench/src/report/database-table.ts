import { databasePercent } from "../scenarios/cost.ts";
import type { Cost } from "../scenarios/cost.ts";
import type { ScenarioResult } from "../scenarios/result.ts";
import { alignedTable, number } from "./aligned-table.ts";

const HEADINGS = [
  "per message",
  "",
  "msgs/s",
  "servers µs",
  "database µs",
  "share",
  "statements",
  "append",
  "claim",
  "settle",
  "WAL bytes",
  "msgs/s per database core",
];
const LEFT = new Set([0, 1]);
const US_PER_S = 1e6;

/**
 * Returns a table of the database's cost per message (of a fan-out: per delivery). Empty when the database is inside
 * the server.
 */
export function databaseTable(results: readonly Pick<ScenarioResult, "scenario" | "figures">[]): string {
  const rows = results.flatMap(({ scenario, figures }) => {
    const seen = new Set<Cost>();
    return figures.flatMap(({ name, perSecond, cost }) => {
      // Several figures of one run share a cost, which is printed once.
      if (cost === undefined || cost.database === null || seen.has(cost)) return [];
      const first = seen.size === 0;
      seen.add(cost);
      const { cpuUs, statements, appends, claims, settlements, walBytes } = cost.database;
      return [
        [
          first ? scenario : "",
          name.split(":")[0] ?? "",
          perSecond === undefined ? "" : number(perSecond),
          number(cost.serversUs),
          number(cpuUs),
          `${number(databasePercent(cost))} %`,
          ...[statements, appends, claims, settlements, walBytes, US_PER_S / cpuUs].map(number),
        ],
      ];
    });
  });
  return rows.length === 0 ? "" : alignedTable(HEADINGS, rows, LEFT);
}
