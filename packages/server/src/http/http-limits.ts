import { limits } from "../domain/limits.ts";

/** The limits of the HTTP server. `domain/limits.ts` has the default and the reason of each. */
export interface HttpLimits {
  readonly requestBytesMax: number;
  readonly catalogRequestBytesMax: number;
  readonly requestBytesArrivingMax: number;
  readonly requestBytesDiscardedMax: number;
  readonly requestHeaderBytesMax: number;
  readonly requestHeaderMsMax: number;
  readonly requestMsMax: number;
  readonly connectionsMax: number;
  readonly connectionIdleMsMax: number;
  readonly keepAliveMs: number;
  readonly closeMsMax: number;
  readonly eventStreamsMax: number;
  readonly eventStreamBacklogMax: number;
  readonly eventHeartbeatMs: number;
}

export const httpLimitDefaults: HttpLimits = {
  requestBytesMax: limits.requestBytesMax,
  catalogRequestBytesMax: limits.catalogRequestBytesMax,
  requestBytesArrivingMax: limits.requestBytesArrivingMax,
  requestBytesDiscardedMax: limits.requestBytesDiscardedMax,
  requestHeaderBytesMax: limits.requestHeaderBytesMax,
  requestHeaderMsMax: limits.requestHeaderMsMax,
  requestMsMax: limits.requestMsMax,
  connectionsMax: limits.connectionsMax,
  connectionIdleMsMax: limits.connectionIdleMsMax,
  keepAliveMs: limits.keepAliveMs,
  closeMsMax: limits.closeMsMax,
  eventStreamsMax: limits.eventStreamsMax,
  eventStreamBacklogMax: limits.eventStreamBacklogMax,
  eventHeartbeatMs: limits.eventHeartbeatMs,
};
