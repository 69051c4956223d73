import { limits } from "../domain/limits.ts";

/** The names of the limits of the HTTP server. `domain/limits.ts` contains the default and the reason of each limit. */
type HttpLimit =
  | "requestBytesMax"
  | "catalogRequestBytesMax"
  | "requestBytesArrivingMax"
  | "requestBodyPauseMsMax"
  | "requestBytesPerSecondMin"
  | "requestBytesDiscardedMax"
  | "requestHeaderBytesMax"
  | "requestHeaderMsMax"
  | "requestMsMax"
  | "connectionsMax"
  | "connectionIdleMsMax"
  | "keepAliveMs"
  | "closeMsMax"
  | "eventStreamsMax"
  | "eventStreamBacklogMax"
  | "eventHeartbeatMs";

export type HttpLimits = { readonly [Name in HttpLimit]: number };

export const httpLimitDefaults: HttpLimits = limits;
