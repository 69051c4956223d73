import { number } from "../report/aligned-table.ts";
import type { Run, RunFigure } from "./history.ts";

const WIDTH = 640;
const HEIGHT = 80;

/** Returns the page as HTML without scripts: a chart for each figure of the newest run, over all runs. */
export function page(history: readonly Run[]): string {
  const newest = history.at(-1);
  const charts = (newest?.figures ?? []).map((figure) => chart(figure, history));
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Ringback: benchmark</title>
<style>
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 44rem; margin: 2rem auto; padding: 0 1rem; }
  svg { width: 100%; height: auto; background: #8881; }
  polyline { fill: none; stroke: currentColor; stroke-width: 1.5; }
  line { stroke: #c33; stroke-dasharray: 4; }
  .missed { color: #c33; }
</style>
<h1>Ringback: benchmark</h1>
<p>${history.length} runs. The newest is of ${escaped(newest?.commit.slice(0, 12) ?? "no commit")}, on
${escaped(newest?.at.slice(0, 10) ?? "no day")}, with ${escaped(newest?.cpu ?? "no machine")}. Machines of the nightly
runs differ and have other work, so compare ratios (×) only. The dashed line is the target.</p>
${charts.join("\n")}
</html>
`;
}

function chart(figure: RunFigure, history: readonly Run[]): string {
  const values = history.map(({ figures }) => figures.find(({ name }) => name === figure.name)?.value ?? null);
  const target = figure.atMost ?? figure.atLeast ?? 0;
  const highest = Math.max(target, ...values.map((value) => value ?? 0), Number.MIN_VALUE) * 1.05;
  const y = (value: number): string => (HEIGHT * (1 - value / highest)).toFixed(1);
  const x = (index: number): string => ((WIDTH * (index + 0.5)) / values.length).toFixed(1);
  const points = values.flatMap((value, index) => (value === null ? [] : [`${x(index)},${y(value)}`]));
  const sign = figure.atMost === undefined ? "≥" : "≤";
  const shown = figure.value === null ? "?" : number(figure.value);
  return `<h2>${escaped(figure.name)}</h2>
<p${isMet(figure) ? "" : ' class="missed"'}>${shown} ${figure.unit} (target ${sign} ${number(target)})</p>
<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escaped(figure.name)} over ${values.length} runs">
<line x1="0" x2="${WIDTH}" y1="${y(target)}" y2="${y(target)}"/><polyline points="${points.join(" ")}"/></svg>`;
}

function isMet({ value, atMost, atLeast }: RunFigure): boolean {
  return value !== null && (atMost === undefined || value <= atMost) && (atLeast === undefined || value >= atLeast);
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
