import { useQueryValue } from "../../app/addresses.ts";
import { Button } from "../../parts/button.tsx";
import { Chart } from "../../parts/chart.tsx";
import { Loading, ProblemNotice } from "../../parts/notice.tsx";
import { Panel } from "../../parts/panel.tsx";
import { count } from "../../format/numbers.ts";
import { duration } from "../../format/time.ts";
import { useText } from "../../language/text.ts";
import type { OfSubscription } from "./state-buttons.tsx";
import { useStatistics, windows, type StatisticsPoint, type WindowName } from "./statistics.ts";

/** Attempts and latency over a chosen window of time. */
export function FlowPanel({ topic, subscription }: OfSubscription) {
  const text = useText();
  const [given, setGiven] = useQueryValue("window");
  const names = Object.keys(windows) as readonly WindowName[];
  const window = names.find((name) => name === given) ?? "1h";
  const { data, error, refetch } = useStatistics(topic, subscription, window);
  const choices = names.map((name) => (
    <Button
      key={name}
      kind={name === window ? "plain" : "quiet"}
      aria-pressed={name === window}
      onClick={() => setGiven(name === "1h" ? "" : name)}
    >
      {text(`flow.${name}`)}
    </Button>
  ));
  return (
    <Panel title={text("flow.title")} actions={choices}>
      {data !== undefined ? (
        <Charts points={data.points} />
      ) : error === null ? (
        <Loading lines={6} />
      ) : (
        <ProblemNotice error={error} retry={() => void refetch()} />
      )}
    </Panel>
  );
}

function Charts({ points }: { readonly points: readonly StatisticsPoint[] }) {
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
