import { messageId } from "../domain/message-id.ts";
import type { SubscriptionId, TimeMs } from "../domain/model.ts";
import type { AttemptFilter, StatusRange } from "./record-filters.ts";
import { toAttempt, verdictCodes, type AttemptRow } from "./record-rows.ts";
import type { AttemptRecord } from "./records.ts";
import { positionText, searchStart, type Examined, type Parameter, type RecordPosition } from "./search.ts";

/**
 * The index from which a search reads attempts. Failed attempts have indexes of their own, by status and by error code,
 * so that a search among millions of accepted attempts reads only what it shows. They cost accepted attempts nothing.
 */
export type AttemptSource = "all" | "failed" | "status" | "error";

/** One read of a search. */
export interface AttemptScan {
  readonly subscriptionId: SubscriptionId;
  readonly source: AttemptSource;
  /** The statuses of the source `status`. */
  readonly statuses: readonly number[];
  readonly fromMs: TimeMs;
  readonly before: RecordPosition;
  readonly count: number;
  readonly verdicts: StatusRange;
  readonly status: StatusRange | null;
  readonly errorCode: string | null;
}

/** Returns null if no attempt can match. */
export function attemptScan(
  subscriptionId: SubscriptionId,
  filter: AttemptFilter,
  after: string | null,
  count: number,
): AttemptScan | null {
  const { only, verdict, status = null, errorCode = null, fromMs = 0 } = filter;
  const code = verdict === undefined ? null : verdictCodes.indexOf(verdict);
  const verdicts = { from: Math.max(only === "failed" ? 1 : 0, code ?? 0), to: code ?? verdictCodes.length - 1 };
  const before = searchStart(after, filter);
  if (verdicts.from > verdicts.to) return null;
  const source = sourceOf(verdicts.from > 0, status, errorCode);
  const statuses = source === "status" && status !== null ? statusesOf(status) : [];
  return { subscriptionId, source, statuses, fromMs, before, count, verdicts, status, errorCode };
}

function sourceOf(isFailedOnly: boolean, status: StatusRange | null, errorCode: string | null): AttemptSource {
  if (!isFailedOnly) return "all";
  if (status !== null) return "status";
  return errorCode === null ? "failed" : "error";
}

function statusesOf({ from, to }: StatusRange): readonly number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}

/** The values of the parameters 1 to 10 of the statements that `attemptSql` makes. */
export function attemptValues(scan: AttemptScan): readonly (number | string | null)[] {
  const { subscriptionId, fromMs, before, count, verdicts, status, errorCode } = scan;
  const statuses = [status?.from ?? 0, status?.to ?? 0];
  return [subscriptionId, fromMs, before.atMs, before.id, count, verdicts.from, verdicts.to, ...statuses, errorCode];
}

/** Parts of the statements of both SQL drivers. */
export function attemptSql(value: Parameter) {
  const [status, errorCode] = [value(8, "bigint"), value(10, "text")];
  const matches = `(verdict BETWEEN ${value(6, "bigint")} AND ${value(7, "bigint")}
    AND (${status} = 0 OR coalesce(status BETWEEN ${status} AND ${value(9, "bigint")}, false))
    AND (${errorCode} IS NULL OR coalesce(error_code = ${errorCode}, false)))`;
  return {
    errorCode,
    /** The first bytes of replies are read only of the attempts that match. */
    columns: `id, topic_id, seq, subscription_id, attempt, started_at, duration_ms, verdict, status, error_code,
      ${matches} AS matches, CASE WHEN ${matches} THEN error_detail END AS error_detail,
      CASE WHEN ${matches} THEN reply END AS reply`,
    /** The attempts of the subscription behind the position, within the times. */
    range: (subscriptionId: string, startedAt: string, id: string): string => {
      const [at, before] = [value(3, "bigint"), value(4, "bigint")];
      return `${subscriptionId} = ${value(1, "bigint")} AND ${startedAt} BETWEEN ${value(2, "bigint")} AND ${at}
        AND (${startedAt} < ${at} OR ${id} < ${before})`;
    },
    newestFirst: `ORDER BY started_at DESC, id DESC LIMIT ${value(5, "bigint")}`,
  };
}

export function examinedAttempt(
  row: AttemptRow & { readonly matches: unknown },
  subscription: string,
): Examined<AttemptRecord> {
  const { id, started_at: atMs, topic_id: topicId, seq, matches } = row;
  const record = { ...toAttempt(row), messageId: messageId(topicId, seq), subscription };
  return { position: positionText({ atMs, id }), item: Boolean(matches) ? record : null };
}
