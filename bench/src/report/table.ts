import { withinReach } from "../scenarios/result.ts";
import type { DeliveryAccount, Figure, ScenarioResult } from "../scenarios/result.ts";

const HEADINGS = [
  "scenario",
  "figure",
  "value",
  "reach",
  "",
  "samples",
  "× dispatch",
  "msgs/s",
  "server µs",
  "bare µs",
  "receiver µs",
  "generator µs",
];
/** Columns of words; the rest are numbers and stand to the right. */
const LEFT = new Set([0, 1, 4]);

export function resultTable(results: readonly ScenarioResult[]): string {
  const rows = results.flatMap(({ scenario, figures }) =>
    figures.map((figure, index) => [index === 0 ? scenario : "", ...cells(figure)]),
  );
  return alignedTable(HEADINGS, rows, LEFT);
}

export function alignedTable(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  left: ReadonlySet<number>,
): string {
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (row: readonly string[]): string =>
    widths
      .map((width, column) => {
        const cell = row[column] ?? "";
        return left.has(column) ? cell.padEnd(width) : cell.padStart(width);
      })
      .join("  ")
      .trimEnd();
  return [line(headings), widths.map((width) => "-".repeat(width)).join("  "), ...rows.map(line)].join("\n");
}

function cells(figure: Figure): string[] {
  const { value, unit, limit, reach, lowest, highest } = figure;
  return [
    figure.name,
    `${number(value)} ${unit}`,
    ...(reach === null
      ? ["", ""]
      : [`${limit === "at most" ? "≤" : "≥"} ${reach} ${unit}`, withinReach(figure) ? "ok" : "OVER"]),
    lowest === undefined || highest === undefined ? "" : `${number(lowest)}–${number(highest)}`,
    ...[
      figure.dispatchRatio,
      figure.perSecond,
      figure.serverUs,
      figure.bareUs,
      figure.receiverUs,
      figure.generatorUs,
    ].map((cell) => (cell === undefined ? "" : number(cell))),
  ];
}

export function number(value: number): string {
  if (!Number.isFinite(value)) return "?";
  if (Math.abs(value) >= 1000) return Math.round(value).toLocaleString("en");
  return value.toFixed(Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2);
}

/** One line per group of endpoints: nothing to see unless something is missing, doubled or refused. */
export function deliveryLines(results: readonly ScenarioResult[]): string[] {
  return results.flatMap(({ scenario, deliveries }) =>
    deliveries.flatMap((account) => deliveryLine(scenario, account)),
  );
}

function deliveryLine(scenario: string, account: DeliveryAccount): string[] {
  const { group, acceptedMessages, expectedDeliveries, missing, missingExamples, duplicates, unexpected } = account;
  const lines = [
    `${scenario} /${group}: accepted ${acceptedMessages} messages, ` +
      `expected ${expectedDeliveries} deliveries, lost ${missing}, duplicates ${duplicates}`,
  ];
  if (unexpected > 0) lines.push(`  ${unexpected} arrived although their publish was not answered 201`);
  for (const [why, count] of Object.entries(account.refused)) lines.push(`  ${count} publishes refused: ${why}`);
  for (const example of missingExamples) lines.push(`  lost: ${example}`);
  if (missing > missingExamples.length) lines.push(`  … and ${missing - missingExamples.length} more`);
  return lines;
}
