import { engineLimits } from "../engine/engine-limits.ts";
import type { RequestReceiver } from "../http/answered-request.ts";
import { Histogram, histogramsMetric, metric, type ScrapedMetric } from "./metric-cells.ts";

const durationBoundsS = [0.005, 0.025, 0.1, 0.5, 2.5, 10];

interface RequestCounts {
  readonly labels: { readonly method: string; readonly route: string };
  readonly perStatus: Map<number, number>;
  readonly durations: Histogram;
}

/** Counts the answered requests by route, method and status. The route is a pattern, so the labels are few. */
export function createRequestMetrics(): {
  readonly receiver: RequestReceiver & {
    /** A request was refused before a route got it. */
    refusedEarly(status: number): void;
    connectionsRefused(count: number): void;
  };
  readonly metrics: readonly ScrapedMetric[];
} {
  const counts = new Map<string, RequestCounts>();
  let series = 0;
  let refusedConnections = 0;

  function countsOf(method: string, route: string): RequestCounts {
    const key = `${method} ${route}`;
    let found = counts.get(key);
    if (found === undefined) {
      found = { labels: { method, route }, perStatus: new Map(), durations: new Histogram(durationBoundsS) };
      counts.set(key, found);
    }
    return found;
  }

  function count({ perStatus }: RequestCounts, status: number): void {
    const before = perStatus.get(status);
    if (before === undefined) series++;
    perStatus.set(status, (before ?? 0) + 1);
  }

  const requests =
    "Answered requests, by the pattern of their route, method and status. The route `refused` has those that no route got.";
  const refused = "Connections that were closed at once, because their source had too many.";
  const durations = "Time from the arrival of a request's head to the end of its answer, by route and method.";
  return {
    receiver: {
      answered({ request: { method }, route, status, durationMs }) {
        const isFull = series >= engineLimits.requestSeriesMax;
        const found = isFull ? countsOf("other", "other") : countsOf(method, route);
        count(found, status);
        found.durations.observe(durationMs / 1000);
      },
      refusedEarly: (status) => count(countsOf("other", "refused"), status),
      connectionsRefused(number) {
        refusedConnections += number;
      },
    },
    metrics: [
      metric("counter", "ringback_http_requests_total", requests, () =>
        [...counts.values()].flatMap(({ labels, perStatus }) =>
          Array.from(perStatus, ([status, value]) => ({ labels: { ...labels, status }, value })),
        ),
      ),
      metric("counter", "ringback_http_refused_connections_total", refused, () => refusedConnections),
      histogramsMetric("ringback_http_request_duration_seconds", durations, () =>
        Array.from(counts.values(), ({ labels, durations: histogram }) => ({ labels, histogram })),
      ),
    ],
  };
}
