/** Parses a Prometheus text page into values by `name{labels}`. Buckets and quantiles are omitted. */
export function parsePrometheus(text: string): Record<string, number> {
  const samples: Record<string, number> = {};
  for (const line of text.split("\n")) {
    if (line.startsWith("#") || line.includes('le="') || line.includes('quantile="')) continue;
    const found = /^([a-zA-Z_:][\w:]*(?:\{.*\})?) (\S+)/.exec(line);
    if (found?.[1] === undefined) continue;
    const value = Number(found[2]);
    if (Number.isFinite(value)) samples[found[1]] = value;
  }
  return samples;
}
