/**
 * Counters and histograms as plain numbers. The metrics of prom-client hash their labels on every call, and every
 * delivery makes such calls. The metrics here cost one addition per call. They are converted to samples when they are
 * scraped.
 */

export interface Sample {
  readonly metricName: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}

/** The members of a metric that the registry of prom-client uses. */
export interface ScrapedMetric {
  readonly name: string;
  readonly help: string;
  readonly type: "counter" | "gauge" | "histogram";
  get(): Promise<{ name: string; help: string; type: string; values: readonly Sample[]; aggregator: string }>;
}

/**
 * The value of a metric without labels, or the samples of a metric with labels. null: the value is unknown, so no
 * sample is exported.
 */
type Reading = number | null | readonly Omit<Sample, "metricName">[];

export function metric(
  type: "counter" | "gauge",
  name: string,
  help: string,
  read: () => Reading | Promise<Reading>,
): ScrapedMetric {
  return scraped(name, help, type, async () => {
    const reading = await read();
    const samples = typeof reading === "number" ? [{ labels: {}, value: reading }] : (reading ?? []);
    return samples.map((sample) => ({ metricName: name, ...sample }));
  });
}

/**
 * Appended to the help of metrics that are equal on every node. All other metrics belong to one process and can be
 * summed.
 */
export const ofTheCluster =
  "For the whole cluster: every node reports the same value, so use one node or the maximum, not the sum.";

/** Returns one sample for each value of a label. */
export function byLabel(label: string, counts: Iterable<readonly [value: string, count: number]>) {
  return Array.from(counts, ([value, count]) => ({ labels: { [label]: value }, value: count }));
}

export class Histogram {
  readonly bounds: readonly number[];
  /** One count for each bucket's upper bound, and a last count for larger values. */
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
  return histogramsMetric(name, help, () => [{ labels: {}, histogram }]);
}

/** A histogram of which there are several, with different labels. */
export function histogramsMetric(
  name: string,
  help: string,
  read: () => Iterable<{ readonly labels: Sample["labels"]; readonly histogram: Histogram }>,
): ScrapedMetric {
  return scraped(name, help, "histogram", () =>
    Array.from(read(), ({ labels, histogram }) => samplesOf(name, labels, histogram)).flat(),
  );
}

function samplesOf(name: string, labels: Sample["labels"], histogram: Histogram): Sample[] {
  let total = 0;
  const buckets = Array.from(histogram.counts, (count, i) => {
    total += count;
    return { metricName: `${name}_bucket`, labels: { ...labels, le: histogram.bounds[i] ?? "+Inf" }, value: total };
  });
  return [
    ...buckets,
    { metricName: `${name}_sum`, labels, value: histogram.sum },
    { metricName: `${name}_count`, labels, value: total },
  ];
}

function scraped(
  name: string,
  help: string,
  type: ScrapedMetric["type"],
  read: () => readonly Sample[] | Promise<readonly Sample[]>,
): ScrapedMetric {
  return { name, help, type, get: async () => ({ name, help, type, values: await read(), aggregator: "sum" }) };
}
