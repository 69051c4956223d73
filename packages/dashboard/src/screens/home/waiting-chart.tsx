import type { StatisticsPoint } from "../../api/statistics.ts";
import { Chart } from "../../parts/chart.tsx";
import { Panel } from "../../parts/panel.tsx";
import { count } from "../../format/numbers.ts";
import { useText } from "../../language/text.ts";

/** Backlog and dead letters over time. */
export function WaitingChart({ points }: { readonly points: readonly StatisticsPoint[] }) {
  const text = useText();
  return (
    <Panel title={text("home.waiting")}>
      <Chart
        label={text("home.waiting")}
        timesMs={points.map(({ at }) => Date.parse(at))}
        format={(value) => count(Math.round(value), text.language)}
        lines={[
          { name: text("home.backlog"), tone: "accent", values: points.map(({ backlog }) => backlog) },
          { name: text("home.deadLetters"), tone: "bad", values: points.map(({ deadLetters }) => deadLetters) },
        ]}
      />
    </Panel>
  );
}
