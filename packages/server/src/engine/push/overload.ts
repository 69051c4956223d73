import type { RetryAfter } from "@ringback/sdk/protocols";
import { limits } from "../../domain/limits.ts";
import type { TimeMs } from "../../domain/model.ts";

/** Errors of the connection, which say something about the whole origin and nothing about the message. */
const connectionErrors: ReadonlySet<string> = new Set([
  "timeout",
  "dns_failed",
  "connect_refused",
  "connect_failed",
  "connection_reset",
  "tls_failed",
  "proxy_failed",
]);

/** Statuses of an endpoint, or of a proxy in front of it, that cannot serve more requests at present. */
const overloadStatuses: ReadonlySet<number> = new Set([429, 502, 503, 504]);

/** True: the endpoint is overloaded or unreachable, so fewer POSTs help, and so does a pause. */
export function isOverload(errorCode: string | null, status: number): boolean {
  return (errorCode !== null && connectionErrors.has(errorCode)) || overloadStatuses.has(status);
}

/** The pause that the endpoint has requested for all POSTs; 0: none. */
export function requestedHoldMs(status: number, retryAfter: RetryAfter | null, wallMs: TimeMs): number {
  if (retryAfter === null || (status !== 429 && status !== 503)) return 0;
  return Math.min(Math.max(0, requestedDelayMs(retryAfter, wallMs)), limits.retryAfterHoldMsMax);
}

/** The wait that `Retry-After` requests. Negative for a time in the past. */
export function requestedDelayMs(retryAfter: RetryAfter, wallMs: TimeMs): number {
  return "delayMs" in retryAfter ? retryAfter.delayMs : retryAfter.atMs - wallMs;
}
