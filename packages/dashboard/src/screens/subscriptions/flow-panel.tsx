import { useWindow } from "../../app/window-choice.tsx";
import { useStatistics, type StatisticsPoint } from "../../api/statistics.ts";
import { Chart } from "../../parts/chart.tsx";
import { Loading, ProblemNotice } from "../../parts/notice.tsx";
import { Panel } from "../../parts/panel.tsx";
import { count } from "../../format/numbers.ts";
import { duration } from "../../format/time.ts";
import { useText } from "../../language/text.ts";
import type { OfSubscription } from "./state-buttons.tsx";

/** Attempts and latency over a chosen window of time. */
export function FlowPanel({ topic, subscription }: OfSubscription) {
  const text = useText();
  const { window, buttons } = useWindow();
  const { data, error, refetch } = useStatistics({ topic, subscription }, window);
  return (
    <Panel title={text("flow.title")} actions={buttons}>
      {data !== undefined ? (
        <FlowCharts points={data.points} />
      ) : error === null ? (
        <Loading lines={6} />
      ) : (
        <ProblemNotice error={error} retry={() => void refetch()} />
      )}
    </Panel>
  );
}

/** Attempts by their verdicts, and latencies. */
export function FlowCharts({ points }: { readonly points: readonly StatisticsPoint[] }) {
  const text = useText();
  const timesMs = points.map(({ at }) => new Date(at).getTime());
  return (
    <div className="grid gap-4 lg:grid-cols-2">
      <Chart
        label={text("flow.attempts")}
        timesMs={timesMs}
        kind="bars"
        format={(value) => count(Math.round(value), text.language)}
        lines={[
          { name: text("verdict.accepted"), tone: "good", values: points.map(({ accepted }) => accepted) },
          { name: text("verdict.failed"), tone: "bad", values: points.map(({ failed }) => failed) },
          { name: text("verdict.error"), tone: "warn", values: points.map(({ errors }) => errors) },
        ]}
      />
      <Chart
        label={text("flow.latency")}
        timesMs={timesMs}
        format={(value) => duration(value)}
        lines={[
          { name: text("flow.p50"), tone: "accent", values: points.map(({ latencyMs }) => latencyMs?.p50 ?? null) },
          { name: text("flow.p99"), tone: "muted", values: points.map(({ latencyMs }) => latencyMs?.p99 ?? null) },
        ]}
      />
    </div>
  );
}
