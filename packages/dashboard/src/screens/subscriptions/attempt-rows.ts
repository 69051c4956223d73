import type { RingbackEvent } from "@ringback/sdk/client";

/** An attempt as the table of attempts shows it: from the list, or from the stream of events. */
export interface AttemptRow {
  /** Opaque; absent: it is not known yet, as for what the stream has just brought. */
  readonly id?: string;
  readonly messageId: string;
  readonly attempt: number;
  readonly startedAt: string;
  readonly durationMs: number;
  readonly verdict: string;
  readonly status: number | null;
  readonly errorCode: string | null;
  readonly errorDetail: string | null;
}

export interface AttemptFilter {
  readonly verdict: string;
  /** `503`, or a class such as `5xx`. */
  readonly status: string;
  readonly error: string;
  readonly from: string;
  readonly to: string;
}

/** The most attempts that are kept from the stream. */
export const streamedMax = 200;

/** The attempts of events of one subscription, the newest first. */
export function rowsOfEvents(events: readonly RingbackEvent[], subscription: string): readonly AttemptRow[] {
  return events
    .filter((event) => event.type === "delivery.attempted" && event["subscription"] === subscription)
    .slice(-streamedMax)
    .map(rowOfEvent)
    .toReversed();
}

function rowOfEvent(event: RingbackEvent): AttemptRow {
  const durationMs = Number(event["durationMs"] ?? 0);
  return {
    messageId: textOf(event["messageId"]) ?? "",
    attempt: Number(event["attempt"]),
    // The event happens at the end of the attempt.
    startedAt: new Date(new Date(event.at).getTime() - durationMs).toISOString(),
    durationMs,
    verdict: textOf(event["verdict"]) ?? "",
    status: typeof event["status"] === "number" ? event["status"] : null,
    errorCode: textOf(event["errorCode"]),
    errorDetail: textOf(event["errorDetail"]),
  };
}

function textOf(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

export function matchesFilter(row: AttemptRow, { verdict, status, error, from, to }: AttemptFilter): boolean {
  const startedMs = new Date(row.startedAt).getTime();
  return (
    (verdict === "" || row.verdict === verdict) &&
    (status === "" || matchesStatus(row.status, status)) &&
    (error === "" || row.errorCode === error) &&
    (from === "" || startedMs >= new Date(from).getTime()) &&
    (to === "" || startedMs < new Date(to).getTime())
  );
}

function matchesStatus(status: number | null, wanted: string): boolean {
  if (status === null) return false;
  return wanted.endsWith("xx") ? String(status).startsWith(wanted.slice(0, 1)) : String(status) === wanted;
}

/** The attempts of the stream that the list does not have, and those of the list. */
export function joinedRows(streamed: readonly AttemptRow[], listed: readonly AttemptRow[]): readonly AttemptRow[] {
  const known = new Set(listed.map(keyOfAttempt));
  return [...streamed.filter((row) => !known.has(keyOfAttempt(row))), ...listed];
}

export function keyOfAttempt({ messageId, attempt, verdict }: AttemptRow): string {
  return `${messageId}/${attempt}/${verdict}`;
}
