/** How much is measured, and for how long. `--scale` shrinks or stretches all of it; nothing runs without an end. */
export interface Settings {
  readonly scale: number;
  readonly bodyBytes: number;
  /** Publishes in flight in a closed loop; the peak rate is what this reaches. */
  readonly concurrency: number;
  /** The subscription's window, and the bare loops' concurrency. */
  readonly maxInFlight: number;
  readonly batchMessages: number;
  /** Measured runs per scenario; a bare run comes before, between and after them. */
  readonly repeats: number;
  readonly warmUpMs: number;
  readonly measuredMs: number;
  readonly bareMs: number;
  readonly requestsMax: number;
  readonly fanoutSubscriptions: number;
  /** Messages per measured run. */
  readonly fanoutMessages: number;
  readonly latencyMs: number;
  readonly backlogMessages: number;
  readonly backlogBodyBytes: number;
  readonly backlogBatchMessages: number;
  readonly backlogConcurrency: number;
  readonly backlogMsMax: number;
  readonly idleTopics: number;
  readonly idleSubscriptionsPerTopic: number;
  readonly setupMsMax: number;
  readonly idleMs: number;
  /** How long a throughput is measured. */
  readonly throughputMs: number;
  readonly starts: number;
  readonly oneAtATimeMs: number;
  /** Deliveries are waited for as long as one arrives at least this often. */
  readonly stallMs: number;
}

/** The whole run is cut off here: something hangs. */
export const runMsMax = 20 * 60_000;

export function settingsAt(scale: number): Settings {
  const count = (full: number, least: number): number => Math.max(least, Math.round(full * scale));
  return {
    scale,
    bodyBytes: 512,
    concurrency: 64,
    maxInFlight: 64,
    batchMessages: 16,
    repeats: scale < 0.5 ? 1 : 5,
    // Cold code costs two or three times as much, and the optimising compiler takes a few seconds of load to be done.
    warmUpMs: count(4_000, 200),
    // The server's CPU time is read in ticks of 10 ms: three busy seconds keep that under half a percent.
    measuredMs: count(3_000, 200),
    bareMs: count(1_200, 100),
    requestsMax: count(400_000, 1_000),
    fanoutSubscriptions: count(1_000, 10),
    fanoutMessages: count(40, 5),
    latencyMs: count(12_000, 500),
    backlogMessages: count(1_000_000, 1_000),
    backlogBodyBytes: 100,
    backlogBatchMessages: 500,
    backlogConcurrency: 4,
    backlogMsMax: count(180_000, 10_000),
    idleTopics: count(10_000, 10),
    idleSubscriptionsPerTopic: 10,
    setupMsMax: count(240_000, 10_000),
    idleMs: count(10_000, 500),
    throughputMs: count(2_000, 200),
    starts: scale < 0.5 ? 2 : 5,
    oneAtATimeMs: count(20_000, 1_000),
    stallMs: count(20_000, 1_500),
  };
}
