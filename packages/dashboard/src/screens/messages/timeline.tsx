import type { components } from "@ringback/sdk/client";
import { duration } from "../../format/time.ts";
import { useText } from "../../language/text.ts";

type Attempt = components["schemas"]["Attempt"];

interface TimelineProps {
  readonly publishedAt: string;
  readonly nextAttemptAt: string | null;
  readonly attempts: readonly Attempt[];
}

const shownMax = 200;

/** The attempts on an axis of time. The axis is logarithmic, because delays grow from seconds to days. */
export function Timeline({ publishedAt, nextAttemptAt, attempts }: TimelineProps) {
  const text = useText();
  const startMs = Date.parse(publishedAt);
  const since = (at: string): number => Math.max(0, Date.parse(at) - startMs);
  const lastMs = Math.max(
    1_000,
    ...attempts.slice(-1).map(({ startedAt }) => since(startedAt)),
    since(nextAttemptAt ?? publishedAt),
  );
  const percent = (ms: number): number => (Math.log1p(ms) / Math.log1p(lastMs)) * 100;
  const shown = attempts.slice(-shownMax);
  return (
    <div className="flex items-center gap-3 text-small text-muted tabular-nums">
      <span className="whitespace-nowrap">{text("timeline.published")}</span>
      <svg
        role="img"
        aria-label={text.count("timeline.attempts", attempts.length)}
        className="h-4 min-w-0 grow overflow-visible"
      >
        <line x1="0" x2="100%" y1="8" y2="8" stroke="var(--line)" strokeWidth="2" />
        {shown.map(({ attempt, startedAt, verdict }) => (
          <g key={attempt}>
            <title>{`${attempt}: ${text.named("verdict", verdict)}, +${duration(since(startedAt))}`}</title>
            <Mark percent={percent(since(startedAt))} isGood={verdict === "accepted"} />
          </g>
        ))}
        {nextAttemptAt !== null && (
          <circle
            cx={`${percent(since(nextAttemptAt))}%`}
            cy="8"
            r="4"
            fill="none"
            stroke="var(--muted)"
            strokeWidth="1.5"
            strokeDasharray="2 2"
          />
        )}
      </svg>
      <span className="whitespace-nowrap">{`+${duration(lastMs)}`}</span>
    </div>
  );
}

function Mark({ percent, isGood }: { readonly percent: number; readonly isGood: boolean }) {
  const x = `${percent}%`;
  if (isGood) return <circle cx={x} cy="8" r="5" fill="var(--good)" />;
  // A square moved to its centre, because x is a share of the width.
  return <rect x={x} y="4" width="8" height="8" transform="translate(-4 0)" fill="var(--bad)" />;
}
