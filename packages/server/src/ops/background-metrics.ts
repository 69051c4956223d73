import { byLabel, metric, type ScrapedMetric } from "./metric-cells.ts";

/** Reads the state of the parts of this process that run beside deliveries. */
export interface BackgroundSources {
  /** Numbers of open breakers by scope. */
  readonly openBreakers: () => Readonly<Record<"subscription" | "origin", number>>;
  readonly suppressedEvents: () => number;
  /** null: no collector is configured. */
  readonly spans: () => { readonly exported: number; readonly lost: number; readonly waiting: number } | null;
}

export function backgroundMetrics({ openBreakers, suppressedEvents, spans }: BackgroundSources): ScrapedMetric[] {
  const breakers = "Breakers that are open in this process: of subscriptions, and of origins, which several may share.";
  const suppressed = "Events of Ringback itself that were not published, because an account had too many.";
  const lost = "Spans that the collector did not take, or for which the queue had no room.";
  return [
    metric("gauge", "ringback_open_breakers", breakers, () => byLabel("scope", Object.entries(openBreakers()))),
    metric("counter", "ringback_events_suppressed_total", suppressed, suppressedEvents),
    metric(
      "counter",
      "ringback_spans_exported_total",
      "Spans that the collector took.",
      () => spans()?.exported ?? null,
    ),
    metric("counter", "ringback_spans_lost_total", lost, () => spans()?.lost ?? null),
    metric("gauge", "ringback_spans_waiting", "Spans that wait for their export.", () => spans()?.waiting ?? null),
  ];
}
