/** Sizes and durations of a run. `--scale` multiplies most of them. */
export interface Settings {
  readonly scale: number;
  readonly bodyBytes: number;
  /** Number of publishes in flight in a closed loop. The peak rate is the rate that is reached with this number. */
  readonly concurrency: number;
  /**
   * `maxInFlight` of each subscription, and the number of concurrent POSTs of the bare loops (loops that only send
   * POSTs).
   */
  readonly maxInFlight: number;
  readonly batchMessages: number;
  /** Number of measured runs per scenario. The bare loops run before, between and after the measured runs. */
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
  /** Duration of each measurement of a throughput. */
  readonly throughputMs: number;
  readonly starts: number;
  readonly oneAtATimeMs: number;
  /** How long each steady rate is measured, each time. */
  readonly steadyMs: number;
  /** How long each rate is measured. */
  readonly rateMs: number;
  /** Missing deliveries are lost when no delivery has arrived for this long. */
  readonly lostAfterMs: number;
}

/** Time limit of a run. A run that takes longer is ended. */
export const runMsMax = 20 * 60_000;

export function settingsAt(scale: number, lostAfterMs: number): Settings {
  const count = (full: number, least: number): number => Math.max(least, Math.round(full * scale));
  return {
    scale,
    bodyBytes: 512,
    concurrency: 64,
    maxInFlight: 64,
    batchMessages: 16,
    repeats: scale < 0.5 ? 1 : 5,
    // Cold code costs two or three times as much CPU time. The compiler needs a few seconds of load to optimise the
    // code.
    warmUpMs: count(4_000, 200),
    // The server's CPU time is read in ticks of 10 ms, which is under half a percent of three busy seconds.
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
    backlogMsMax: 180_000,
    idleTopics: count(10_000, 10),
    idleSubscriptionsPerTopic: 10,
    setupMsMax: 240_000,
    idleMs: count(10_000, 500),
    throughputMs: count(2_000, 200),
    starts: scale < 0.5 ? 2 : 5,
    oneAtATimeMs: count(20_000, 1_000),
    steadyMs: count(8_000, 500),
    rateMs: count(10_000, 1_000),
    lostAfterMs,
  };
}
