import type { components } from "@ringback/sdk/client";
import { Stat, StatRow } from "../../parts/stat.tsx";
import { count, percent } from "../../format/numbers.ts";
import { duration } from "../../format/time.ts";
import { useNow } from "../../parts/time.tsx";
import { useText } from "../../language/text.ts";

type Statistics = components["schemas"]["Statistics"];

/** The account in six numbers, over the chosen window and at this moment. */
export function NumbersOfAccount({ statistics }: { readonly statistics: Statistics }) {
  const text = useText();
  const nowMs = useNow();
  const { totals, now, from, to } = statistics;
  const seconds = Math.max(1, (Math.min(Date.parse(to), nowMs) - Date.parse(from)) / 1_000);
  const attempts = totals.accepted + totals.failed + totals.errors;
  const published = totals.published ?? 0;
  const perSecond = Number((published / seconds).toPrecision(2));
  const number = (n: number | undefined): string => (n === undefined ? "–" : count(n, text.language));
  const unknown = now === null ? text("home.unknown") : undefined;
  return (
    <StatRow>
      <Stat label={text("home.published")} value={number(published)} note={text("home.perSecond", { n: perSecond })} />
      <Stat
        label={text("home.success")}
        value={attempts === 0 ? "–" : percent(totals.accepted / attempts, text.language)}
        note={attempts === 0 ? text("home.noAttempts") : text.count("home.ofAttempts", attempts)}
        tone={attempts > 0 && totals.accepted / attempts < 0.95 ? "warn" : "plain"}
      />
      <Stat label={text("home.latency50")} value={latency(totals.latencyMs?.p50)} note={text("home.latencyHelp")} />
      <Stat label={text("home.latency99")} value={latency(totals.latencyMs?.p99)} note={text("home.latencyHelp")} />
      <Stat label={text("home.backlog")} value={number(now?.backlog)} note={unknown ?? text("home.backlogHelp")} />
      <Stat
        label={text("home.deadLetters")}
        value={number(now?.deadLetters)}
        note={unknown ?? text("home.deadLettersHelp")}
        tone={(now?.deadLetters ?? 0) > 0 ? "bad" : "plain"}
      />
    </StatRow>
  );
}

function latency(ms: number | undefined): string {
  return ms === undefined ? "–" : duration(ms);
}
