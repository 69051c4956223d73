import { useEffect, useEffectEvent, useRef, useState } from "react";
import UPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { usePreferences, useShownTheme } from "../app/preferences.ts";
import { utcTime } from "../format/time.ts";
import type { Language } from "../language/text.ts";
import type { ChartLine, ChartProps } from "./chart.tsx";

/** Draws a chart on a canvas. In a file of its own, because screens without charts need not load it. */
export default function ChartDrawing({ timesMs, lines, format, kind = "lines", heightPx = 160 }: ChartProps) {
  const container = useRef<HTMLDivElement>(null);
  const plot = useRef<UPlot | null>(null);
  const [index, setIndex] = useState<number | null>(null);
  const { language } = usePreferences();
  const theme = useShownTheme();
  const draw = useEffectEvent((element: HTMLDivElement): UPlot => {
    const options = optionsOf(lines, kind, (value) => format(value), setIndex, language);
    return new UPlot(
      { ...options, width: element.clientWidth, height: heightPx },
      dataOf(timesMs, lines, kind),
      element,
    );
  });
  // The values alone do not need another plot.
  const shape = JSON.stringify([lines.map(({ name, tone }) => [name, tone]), kind, theme, language, heightPx]);
  useEffect(() => {
    const element = container.current;
    if (element === null) return undefined;
    const drawn = draw(element);
    plot.current = drawn;
    const resizes = new ResizeObserver(() => drawn.setSize({ width: element.clientWidth, height: drawn.height }));
    resizes.observe(element);
    return () => {
      resizes.disconnect();
      drawn.destroy();
    };
  }, [shape]);
  const update = useEffectEvent(() => plot.current?.setData(dataOf(timesMs, lines, kind)));
  useEffect(() => update(), [timesMs, lines]);
  const shown = index ?? timesMs.length - 1;
  return (
    <>
      <p className="flex min-h-5 flex-wrap gap-x-4 text-small text-muted tabular-nums">
        {lines.map(({ name, tone, values }) => (
          <span key={name} className="inline-flex items-center gap-1.5 whitespace-nowrap">
            <span className="inline-block size-2 rounded-mark" style={{ background: colorOf(tone) }} />
            {name} <b className="font-medium text-ink">{textOf(values[shown], format)}</b>
          </span>
        ))}
        {index !== null && <span>{utcTime(new Date(timesMs[index] ?? 0).toISOString())}</span>}
      </p>
      <div ref={container} aria-hidden="true" />
    </>
  );
}

function textOf(value: number | null | undefined, format: (value: number) => string): string {
  return value === null || value === undefined ? "–" : format(value);
}

function colorOf(tone: ChartLine["tone"]): string {
  const names: Readonly<Record<string, string>> = { plain: "--muted", active: "--accent" };
  return `var(${names[tone] ?? `--${tone}`})`;
}

/** A canvas knows no variables of CSS. */
function drawnColor(variable: string): string {
  const name = /--[\w-]+/.exec(variable)?.[0] ?? "--ink";
  return getComputedStyle(document.documentElement).getPropertyValue(name);
}

/** Bars are stacked: each line is drawn from the sum of those before it. */
function dataOf(timesMs: readonly number[], lines: readonly ChartLine[], kind: "lines" | "bars"): UPlot.AlignedData {
  const times = timesMs.map((ms) => ms / 1_000);
  if (kind === "lines") return [times, ...lines.map(({ values }) => [...values])];
  const sums = times.map(() => 0);
  const stacked = lines.map(({ values }) =>
    values.map((value, index) => (sums[index] = (sums[index] ?? 0) + (value ?? 0))),
  );
  // The highest sum is drawn first, so that the others stand in front of it.
  return [times, ...stacked.toReversed()];
}

function optionsOf(
  lines: readonly ChartLine[],
  kind: "lines" | "bars",
  format: (value: number) => string,
  onIndex: (index: number | null) => void,
  language: Language,
): Omit<UPlot.Options, "width" | "height"> {
  const muted = drawnColor("--muted");
  const line = drawnColor("--line");
  const axis = { stroke: muted, grid: { stroke: line, width: 1 }, ticks: { show: false }, font: "11px system-ui" };
  const series = lines.map(({ tone }): UPlot.Series => {
    const color = drawnColor(colorOf(tone));
    if (kind === "lines") return { stroke: color, width: 1.5, points: { size: 4 } };
    const bars = UPlot.paths.bars?.({ size: [0.9, 24] });
    return {
      stroke: color,
      fill: color,
      width: 0,
      points: { show: false },
      ...(bars !== undefined && { paths: bars }),
    };
  });
  return {
    padding: [8, 8, 0, 0],
    legend: { show: false },
    cursor: { y: false, points: { show: kind === "lines", size: 6 }, drag: { x: false, y: false } },
    scales: { y: { range: (_plot, _min, max) => [0, max > 0 ? max * 1.1 : 1] } },
    axes: [
      {
        ...axis,
        grid: { show: false },
        size: 24,
        values: (_plot, splits, _axis, _space, step) => timesOf(splits, step, language),
      },
      { ...axis, size: 56, values: (_plot, splits) => onceEach(splits.map(format)) },
    ],
    series: [{}, ...(kind === "bars" ? series.toReversed() : series)],
    hooks: { setCursor: [({ cursor }) => onIndex(cursor.idx ?? null)] },
  };
}

const daySeconds = 86_400;

/** Times below a chart, in one line: the hour, or the day if the marks are days apart. */
function timesOf(splits: readonly number[], stepSeconds: number, language: Language): string[] {
  const hour = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" } as const;
  const day = { month: "short", day: "numeric" } as const;
  const format = new Intl.DateTimeFormat(language, stepSeconds >= daySeconds ? day : hour);
  return splits.map((seconds) => format.format(seconds * 1_000));
}

/** Small counts have more marks than whole numbers, which would repeat on the axis. */
function onceEach(marks: readonly string[]): string[] {
  return marks.map((mark, index) => (mark === marks[index - 1] ? "" : mark));
}
