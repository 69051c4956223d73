import type { TimeMs } from "../../domain/model.ts";

/** The state of a subscription's sender in this process, for metrics and for the API. */
export interface SenderState {
  readonly inFlight: number;
  /** The number of POSTs that may be in flight; below 1: one at a time, with pauses. */
  readonly window: number;
  /** The end of the pause that the origin has requested with `Retry-After`, for this process; null: there is none. */
  readonly pausedUntilMs: TimeMs | null;
  /** The configured number of POSTs per second, over all nodes; null: no limit. */
  readonly ratePerSecond: number | null;
}
