import type { components } from "@ringback/sdk/client";
import { duration } from "../../format/time.ts";
import { useText, type TextKey } from "../../language/text.ts";

type Timings = components["schemas"]["ExchangeTimings"];

/** The steps in their order, each with its shade. The wait for the endpoint has the accent. */
const steps = [
  ["lookupMs", "attempt.lookup", "var(--muted)", 0.35],
  ["connectMs", "attempt.connect", "var(--muted)", 0.6],
  ["tlsMs", "attempt.tls", "var(--muted)", 1],
  ["firstByteMs", "attempt.firstByte", "var(--accent)", 1],
  ["bodyMs", "attempt.bodyTime", "var(--accent)", 0.5],
] as const satisfies readonly (readonly [keyof Timings, TextKey, string, number])[];

/** Where the time of an attempt went. A step that did not take place has a dash. */
export function TimingBar({ timings }: { readonly timings: Timings }) {
  const text = useText();
  const ends = steps.map((_, index) => timeOf(steps.slice(0, index + 1), timings));
  const total = Math.max(ends.at(-1) ?? 0, Number.MIN_VALUE);
  const percent = (ms: number): string => `${(ms / total) * 100}%`;
  return (
    <div className="flex flex-col gap-2">
      <svg aria-hidden="true" className="h-3 w-full">
        {steps.map(([name, , fill, opacity], index) => (
          <rect
            key={name}
            x={percent(ends[index - 1] ?? 0)}
            width={percent(timings[name] ?? 0)}
            height="12"
            fill={fill}
            fillOpacity={opacity}
          />
        ))}
      </svg>
      <dl className="grid grid-cols-2 gap-x-4 gap-y-1 sm:grid-cols-5">
        {steps.map(([name, label, fill, opacity]) => (
          <div key={name}>
            <dt className="flex items-center gap-1.5 text-small text-muted">
              <svg viewBox="0 0 8 8" className="size-2" aria-hidden="true">
                <rect width="8" height="8" fill={fill} fillOpacity={opacity} />
              </svg>
              {text(label)}
            </dt>
            <dd className="tabular-nums">{stepTime(timings[name])}</dd>
          </div>
        ))}
      </dl>
    </div>
  );
}

function timeOf(some: readonly (typeof steps)[number][], timings: Timings): number {
  return some.reduce((sum, [name]) => sum + (timings[name] ?? 0), 0);
}

function stepTime(ms: number | null): string {
  if (ms === null) return "–";
  return ms < 10 ? `${ms.toFixed(ms < 1 ? 2 : 1)} ms` : duration(Math.round(ms));
}
