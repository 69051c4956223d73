import { Component, lazy, Suspense, type ReactNode } from "react";
import { useText } from "../language/text.ts";
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
        <DrawingErrors>
          <Suspense fallback={<Waiting />}>
            <Drawing {...props} heightPx={heightPx} />
          </Suspense>
        </DrawingErrors>
      </div>
    </figure>
  );
}

/** A chart that cannot be drawn leaves the rest of its screen as it is. */
class DrawingErrors extends Component<{ readonly children: ReactNode }, { readonly hasFailed: boolean }> {
  override readonly state = { hasFailed: false };

  static getDerivedStateFromError(): { readonly hasFailed: boolean } {
    return { hasFailed: true };
  }

  override render(): ReactNode {
    return this.state.hasFailed ? <Failure /> : this.props.children;
  }
}

function Waiting() {
  const text = useText();
  return (
    <p role="status" className="sr-only">
      <span>{text("common.loading")}</span>
    </p>
  );
}

function Failure() {
  const text = useText();
  return <p className="text-muted">{text("chart.failed")}</p>;
}
