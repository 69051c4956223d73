/**
 * Counters and histograms as plain numbers. prom-client's own metrics hash their labels on every call, which every
 * delivery would pay for. These cost one addition, and are converted to samples when they are scraped.
 */

export interface Sample {
  readonly metricName: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}

/** The part of a metric that prom-client's registry uses. */
export interface ScrapedMetric {
  readonly name: string;
  readonly help: string;
  readonly type: "counter" | "gauge" | "histogram";
  get(): Promise<{ name: string; help: string; type: string; values: readonly Sample[]; aggregator: string }>;
}

export interface Counter {
  count: number;
}

export function counterMetric(name: string, help: string, counter: Counter): ScrapedMetric {
  return scraped(name, help, "counter", () => [{ metricName: name, labels: {}, value: counter.count }]);
}

/** One counter per value of one label. All values are exported from the start, so that rates begin at zero. */
export function labelledCounterMetric<L extends string>(
  name: string,
  help: string,
  label: string,
  counts: Readonly<Record<L, number>>,
): ScrapedMetric {
  return scraped(name, help, "counter", () =>
    Object.entries<number>(counts).map(([value, count]) => ({
      metricName: name,
      labels: { [label]: value },
      value: count,
    })),
  );
}

/** A metric whose labels are known only when it is scraped. */
export function labelledMetric(
  name: string,
  help: string,
  type: "counter" | "gauge",
  read: () => readonly Omit<Sample, "metricName">[],
): ScrapedMetric {
  return scraped(name, help, type, () => read().map((sample) => ({ metricName: name, ...sample })));
}

/** `read` returns null when the value is unknown. Then there is no sample. */
export function gaugeMetric(
  name: string,
  help: string,
  read: () => Promise<number | null> | number | null,
): ScrapedMetric {
  return scraped(name, help, "gauge", async () => {
    const value = await read();
    return value === null ? [] : [{ metricName: name, labels: {}, value }];
  });
}

export class Histogram {
  readonly bounds: readonly number[];
  /** One count per bound, and one for values above the last bound. */
  readonly counts: Float64Array;
  sum = 0;

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.counts = new Float64Array(bounds.length + 1);
  }

  observe(value: number): void {
    const index = this.bounds.findIndex((bound) => value <= bound);
    const bucket = index < 0 ? this.bounds.length : index;
    this.counts[bucket] = (this.counts[bucket] ?? 0) + 1;
    this.sum += value;
  }
}

export function histogramMetric(name: string, help: string, histogram: Histogram): ScrapedMetric {
  return scraped(name, help, "histogram", () => {
    let total = 0;
    const buckets = [...histogram.counts].map((count, i) => {
      total += count;
      return { metricName: `${name}_bucket`, labels: { le: histogram.bounds[i] ?? "+Inf" }, value: total };
    });
    return [
      ...buckets,
      { metricName: `${name}_sum`, labels: {}, value: histogram.sum },
      { metricName: `${name}_count`, labels: {}, value: total },
    ];
  });
}

function scraped(
  name: string,
  help: string,
  type: ScrapedMetric["type"],
  read: () => readonly Sample[] | Promise<readonly Sample[]>,
): ScrapedMetric {
  return { name, help, type, get: async () => ({ name, help, type, values: await read(), aggregator: "sum" }) };
}
