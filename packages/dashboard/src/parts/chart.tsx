import { lazy, Suspense } from "react";
import type { Tone } from "./status.tsx";

export interface ChartLine {
  readonly name: string;
  /** `accent` and `muted` for the first and second of two lines that are compared. */
  readonly tone: Tone | "accent" | "muted";
  /** One value per time; null: nothing is known. */
  readonly values: readonly (number | null)[];
}

export interface ChartProps {
  /** Title of the chart, for screen readers. */
  readonly label: string;
  /** Unix times in milliseconds, one per value. */
  readonly timesMs: readonly number[];
  readonly lines: readonly ChartLine[];
  /** Writes a value with its unit. */
  readonly format: (value: number) => string;
  /** `bars`: counts per step, stacked in the order of the lines. */
  readonly kind?: "lines" | "bars";
  readonly heightPx?: number;
}

const Drawing = lazy(() => import("./chart-drawing.tsx"));

/** Lines or bars over time, with the values under the pointer. The place is kept while the drawing is loaded. */
export function Chart(props: ChartProps) {
  const { heightPx = 160, label } = props;
  return (
    <figure className="min-w-0">
      <figcaption className="sr-only">{label}</figcaption>
      <div style={{ height: heightPx + 28 }}>
        <Suspense>
          <Drawing {...props} heightPx={heightPx} />
        </Suspense>
      </div>
    </figure>
  );
}
