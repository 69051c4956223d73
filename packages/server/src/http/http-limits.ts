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
  | "requestHeaderCountMax"
  | "requestHeaderMsMax"
  | "requestMsMax"
  | "connectionsMax"
  | "http2StreamsPerConnectionMax"
  | "connectionIdleMsMax"
  | "keepAliveMs"
  | "closeMsMax"
  | "eventStreamsMax"
  | "eventStreamBacklogMax"
  | "eventHeartbeatMs";

export type HttpLimits = { readonly [Name in HttpLimit]: number };

export const httpLimitDefaults: HttpLimits = limits;
