import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { lostMessages, meetsTarget } from "../scenarios/result.ts";
import type { ScenarioResult } from "../scenarios/result.ts";
import type { Settings } from "../settings.ts";
import type { Machine } from "./machine.ts";

export interface RunReport {
  readonly startedAt: string;
  readonly tookS: number;
  readonly machine: Machine;
  readonly settings: Settings;
  /** PostgreSQL's settings, as PostgreSQL reports them. Null with the embedded database. */
  readonly database: Readonly<Record<string, string>> | null;
  readonly profiled: boolean;
  readonly results: readonly ScenarioResult[];
  /** Scenarios that failed and have no figures. */
  readonly failures: readonly { readonly scenario: string; readonly error: string }[];
}

/**
 * The durability of the embedded database. `synchronous` cannot be read from outside the server, so the report repeats
 * the value in docs/ARCHITECTURE.md.
 */
function durability(results: readonly ScenarioResult[]) {
  return {
    journalModes: [...new Set(results.map(({ journalMode }) => journalMode))],
    journalModeSource: "the database file's header",
    synchronous: "full",
    synchronousSource: "as documented",
  };
}

export function writeReport(file: string, report: RunReport): void {
  const results = report.results.map((result) => ({
    ...result,
    figures: result.figures.map((figure) => ({ ...figure, meetsTarget: meetsTarget(figure) })),
  }));
  const document = {
    ...report,
    // With PostgreSQL, the member `database` contains the durability settings.
    durability: report.database === null ? durability(report.results) : null,
    lost: lostMessages(report.results),
    results,
  };
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(document, null, 2)}\n`);
}
