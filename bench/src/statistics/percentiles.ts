/** The smallest sample that at least `share` of all samples do not exceed (nearest rank). NaN without samples. */
export function percentile(samples: readonly number[], share: number): number {
  if (samples.length === 0) return Number.NaN;
  const sorted = Float64Array.from(samples).sort();
  const rank = Math.min(sorted.length, Math.max(1, Math.ceil(share * sorted.length)));
  return sorted[rank - 1] ?? Number.NaN;
}

/** The middle sample, or the mean of the two middle samples. NaN without samples. */
export function median(samples: readonly number[]): number {
  if (samples.length === 0) return Number.NaN;
  const sorted = Float64Array.from(samples).sort();
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

export interface Spread {
  readonly count: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
  /** Number of samples above the previous bucket and at or below `atMost`. */
  readonly histogram: readonly { readonly atMost: number; readonly count: number }[];
}

/** Ratio of the widths of two successive buckets. */
const BUCKET_GROWTH = Math.SQRT2;
const FIRST_BUCKET = 0.05;

export function spread(samples: readonly number[]): Spread {
  return {
    count: samples.length,
    p50: percentile(samples, 0.5),
    p90: percentile(samples, 0.9),
    p99: percentile(samples, 0.99),
    p999: percentile(samples, 0.999),
    max: percentile(samples, 1),
    histogram: histogram(samples),
  };
}

function histogram(samples: readonly number[]): Spread["histogram"] {
  const counts: number[] = [];
  for (const sample of samples) {
    const bucket = bucketOf(sample);
    while (counts.length <= bucket) counts.push(0);
    counts[bucket] = (counts[bucket] ?? 0) + 1;
  }
  return counts.map((count, bucket) => ({ atMost: upperBound(bucket), count }));
}

function upperBound(bucket: number): number {
  return FIRST_BUCKET * BUCKET_GROWTH ** bucket;
}

function bucketOf(sample: number): number {
  let bucket = sample <= FIRST_BUCKET ? 0 : Math.floor(Math.log(sample / FIRST_BUCKET) / Math.log(BUCKET_GROWTH));
  // Because the logarithm is rounded, a sample at the bound of a bucket may be put one bucket too low.
  while (sample > upperBound(bucket)) bucket += 1;
  return bucket;
}
