import type { Attempt, TimeMs } from "../../domain/model.ts";

/**
 * The record of a delivery to a client that fetches its messages. The record has the same form as that of a POST.
 * `errorCode`: why the message was not accepted; null: accepted.
 */
export function fetchAttempt(
  attempt: number,
  startedAtMs: TimeMs,
  durationMs: number,
  errorCode: string | null = null,
): Attempt {
  const verdict = errorCode === null ? "accepted" : "failed";
  return { attempt, startedAtMs, durationMs, verdict, status: null, errorCode, errorDetail: null, reply: null };
}
