import type { Spread } from "../statistics/percentiles.ts";

/** One request that is sent over and over. */
export interface Target {
  readonly origin: string;
  readonly path: string;
  /** Name, value, name, value … */
  readonly headers: string[];
  readonly body: Uint8Array;
  /** The status that means accepted. */
  readonly okStatus: number;
  readonly messagesPerRequest: number;
  /** Read the ids of the accepted messages from the replies. */
  readonly readIds: boolean;
}

export interface ClosedLoop extends Target {
  /** Requests in flight at any time. */
  readonly concurrency: number;
  /** No request starts later than this after the first. */
  readonly durationMs: number;
  readonly requestsMax: number;
}

export interface OpenLoop extends Target {
  readonly requestsPerSecond: number;
  readonly durationMs: number;
  /** Where in the body the time of sending goes. */
  readonly timestampOffset: number;
}

export interface LoadReport {
  readonly requests: number;
  readonly acceptedMessages: number;
  readonly ids: readonly string[];
  /** Requests that were not accepted, by status or error code. */
  readonly refused: Readonly<Record<string, number>>;
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  readonly cpuUs: number;
}

export interface OpenLoopReport extends LoadReport {
  /** From the time a request should have been sent to its answer. */
  readonly answeredMs: Spread;
  /** How late the generator itself was in sending. */
  readonly sentLateMs: Spread;
}

export type LoadCommands = {
  closedLoop(argument: ClosedLoop): Promise<LoadReport>;
  openLoop(argument: OpenLoop): Promise<OpenLoopReport>;
};
