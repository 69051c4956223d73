import { errorDetail } from "../../domain/error-detail.ts";
import { limits } from "../../domain/limits.ts";
import type { Attempt, TimeMs } from "../../domain/model.ts";
import type { Clock } from "../../domain/ports.ts";
import type { PostResult } from "../../transport/port.ts";
import type { Judgement } from "./outgoing.ts";
import type { Sending } from "./post-delivery.ts";
import { Recording } from "./recording.ts";
import type { Route } from "./route.ts";
import type { Queued } from "./send-queue.ts";

/** A delivery whose attempt has started. */
export interface Started extends Sending {
  readonly queued: Queued;
  readonly route: Route;
  readonly startedAtMs: TimeMs;
  readonly isProbe: boolean;
}

export function startAttempt(
  { clock, nextRequestId }: { readonly clock: Clock; readonly nextRequestId: () => string },
  route: Route,
  queued: Queued,
  startedAtMs: TimeMs,
  isProbe: boolean,
): Started {
  const recording = route.push.keepExchanges === "none" ? null : new Recording(route.push);
  const sending = { requestId: nextRequestId(), sentAtMs: clock.wall(startedAtMs), recording };
  return { queued, route, startedAtMs, isProbe, ...sending };
}

/** Result of an attempt without a POST. */
export const unsent = { durationMs: 0, status: 0, body: null } as const;

/** The record of an attempt to push a message. */
export function pushAttempt(
  attempt: number,
  startedAtMs: TimeMs,
  result: Pick<PostResult, "durationMs" | "status" | "body"> | typeof unsent,
  { verdict, errorCode, errorDetail: detail }: Judgement,
): Attempt {
  return {
    attempt,
    startedAtMs,
    durationMs: Math.round(result.durationMs),
    verdict,
    status: result.status === 0 ? null : result.status,
    errorCode,
    errorDetail: detail === null ? null : errorDetail(detail),
    // An observed endpoint returns more of the reply.
    reply: result.body && result.body.subarray(0, limits.replyKeptBytes),
  };
}
