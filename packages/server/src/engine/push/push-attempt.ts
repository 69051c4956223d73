import type { Route } from "./route.ts";
import { errorDetail } from "../../domain/error-detail.ts";
import type { Attempt, TimeMs } from "../../domain/model.ts";
import type { PostResult } from "../../transport/port.ts";
import type { Judgement } from "./outgoing.ts";
import type { Queued } from "./send-queue.ts";

/** A delivery whose attempt has started. */
export interface Started {
  readonly queued: Queued;
  readonly route: Route;
  readonly requestId: string;
  readonly startedAtMs: TimeMs;
  readonly isProbe: boolean;
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
    reply: result.body,
  };
}
