const agoMs = 4 * 60_000;
const timePattern = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g;

/** Returns the text with the scene's own times moved back by minutes: its pictures show a server that runs. */
export function minutesAgo(text: string, beginMs: number, nowMs: number): string {
  return text.replaceAll(timePattern, (time) => {
    const atMs = Date.parse(time);
    return atMs < beginMs || atMs >= nowMs ? time : new Date(atMs - agoMs).toISOString();
  });
}

interface Point {
  readonly at: string;
}

interface Statistics {
  readonly points: readonly Point[];
}

/** Invents the flow of a server whose one endpoint has failed for the last third of the time. */
export function busyStatistics(statistics: Statistics): object {
  const points = statistics.points.map(({ at }, index) => ({ at, ...busyStep(index / statistics.points.length) }));
  const sum = (key: "published" | "accepted" | "failed" | "errors" | "deadLettered"): number =>
    points.reduce((total, point) => total + point[key], 0);
  const totals = {
    published: sum("published"),
    accepted: sum("accepted"),
    failed: sum("failed"),
    errors: sum("errors"),
    deadLettered: sum("deadLettered"),
    latencyMs: { p50: 21, p90: 74, p99: 240 },
    durationMs: { p50: 14, p90: 52, p99: 180 },
  };
  return { ...statistics, points, totals };
}

function busyStep(share: number) {
  const wave = Math.sin(share * 9) + Math.sin(share * 23) / 2;
  const isFailing = share > 2 / 3;
  const published = Math.round(420 + 90 * wave);
  return {
    published,
    accepted: published * (isFailing ? 3 : 4),
    failed: isFailing ? Math.round(published * 0.4) : Math.round(4 + 3 * wave),
    errors: isFailing ? 6 : 0,
    deadLettered: isFailing ? 2 : 0,
    latencyMs: { p50: 20 + 3 * wave, p90: 70 + 12 * wave, p99: 180 + 40 * wave + (isFailing ? 120 : 0) },
    durationMs: { p50: 14 + 2 * wave, p90: 50 + 8 * wave, p99: 140 + 30 * wave },
    backlog: isFailing ? Math.round((share - 2 / 3) * 900) : Math.round(12 + 8 * wave),
    deadLetters: isFailing ? Math.round((share - 2 / 3) * 120) : 0,
  };
}
