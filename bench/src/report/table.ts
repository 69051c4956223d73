import { meetsTarget } from "../scenarios/result.ts";
import type { DeliveryAccount, Figure, ScenarioResult } from "../scenarios/result.ts";
import { alignedTable, number } from "./aligned-table.ts";

const HEADINGS = [
  "scenario",
  "figure",
  "value",
  "target",
  "",
  "samples",
  "× dispatch",
  "msgs/s",
  "server µs",
  "bare µs",
  "receiver µs",
  "generator µs",
];
const LEFT = new Set([0, 1, 4]);

export function resultTable(results: readonly ScenarioResult[]): string {
  const rows = results.flatMap(({ scenario, figures }) =>
    figures.map((figure, index) => [index === 0 ? scenario : "", ...cells(figure)]),
  );
  return alignedTable(HEADINGS, rows, LEFT);
}

function cells(figure: Figure): string[] {
  const { value, unit, lowest, highest } = figure;
  const { dispatchRatio, perSecond, serverUs, bareUs, receiverUs, generatorUs } = figure;
  return [
    figure.name,
    `${number(value)} ${unit}`,
    ...targetCells(figure),
    lowest === undefined || highest === undefined ? "" : `${number(lowest)}–${number(highest)}`,
    ...[dispatchRatio, perSecond, serverUs, bareUs, receiverUs, generatorUs].map((cell) =>
      cell === undefined ? "" : number(cell),
    ),
  ];
}

function targetCells(figure: Figure): [target: string, judgement: string] {
  const { atMost, atLeast, unit } = figure;
  const target = atMost ?? atLeast;
  if (target === undefined) return ["", ""];
  return [`${atMost === undefined ? "≥" : "≤"} ${target} ${unit}`, meetsTarget(figure) ? "ok" : "MISSED"];
}

/** Returns a line per group of endpoints, and more lines for missing deliveries and refused publishes. */
export function deliveryLines(results: readonly ScenarioResult[]): string[] {
  return results.flatMap(({ scenario, deliveries }) => deliveries.flatMap((account) => groupLines(scenario, account)));
}

function groupLines(scenario: string, account: DeliveryAccount): string[] {
  const { group, acceptedMessages, expectedDeliveries, missing, missingExamples, duplicates, unexpected } = account;
  const lines = [
    `${scenario} /${group}: accepted ${acceptedMessages} messages, ` +
      `expected ${expectedDeliveries} deliveries, lost ${missing}, duplicates ${duplicates}`,
  ];
  if (unexpected > 0) lines.push(`  ${unexpected} deliveries arrived whose publish was not answered 201`);
  for (const [why, count] of Object.entries(account.refused)) lines.push(`  ${count} publishes refused: ${why}`);
  for (const example of missingExamples) lines.push(`  lost: ${example}`);
  if (missing > missingExamples.length) lines.push(`  … and ${missing - missingExamples.length} more`);
  return lines;
}
