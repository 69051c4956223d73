import type { AccountId, DeadReason, SubscriptionId, TimeMs, TopicId } from "../domain/model.ts";
import type { DeadLetterFilter, StatusRange } from "./record-filters.ts";
import { searchStart, type Parameter, type RecordPosition } from "./search.ts";

/** The dead letters that are searched, and the index from which they are read. */
export type DeadLetterScope =
  | { readonly source: "subscription"; readonly ids: readonly [SubscriptionId] }
  | { readonly source: "account"; readonly ids: readonly [AccountId] }
  | { readonly source: "topic"; readonly ids: readonly TopicId[] };

/** One read of a search. */
export interface DeadLetterScan {
  readonly scope: DeadLetterScope;
  readonly fromMs: TimeMs;
  readonly before: RecordPosition;
  readonly count: number;
  readonly reason: DeadReason | null;
  readonly status: StatusRange | null;
}

export interface ExaminedDeadLetter extends RecordPosition {
  readonly subscriptionId: SubscriptionId;
  readonly matches: boolean | 0 | 1;
}

export function accountScope(accountId: AccountId, topicIds: readonly TopicId[] | undefined): DeadLetterScope {
  return topicIds === undefined ? { source: "account", ids: [accountId] } : { source: "topic", ids: topicIds };
}

export function deadLetterScan(
  scope: DeadLetterScope,
  filter: DeadLetterFilter,
  after: string | null,
  count: number,
): DeadLetterScan {
  const { reason = null, status = null, fromMs = 0 } = filter;
  return { scope, fromMs, before: searchStart(after, filter), count, reason, status };
}

/** The values of the parameters 2 to 8 of the statements that `deadLetterSql` makes. */
export function deadLetterValues(scan: DeadLetterScan): readonly (number | string | null)[] {
  const { fromMs, before, count, reason, status } = scan;
  return [fromMs, before.atMs, before.id, count, reason, status?.from ?? 0, status?.to ?? 0];
}

/** The parts of the statements of both SQL drivers. `owner`: the id of the account, the subscription or a topic. */
export function deadLetterSql(value: Parameter) {
  const [at, before, count] = [value(3, "bigint"), value(4, "bigint"), value(5, "bigint")];
  const [reason, status] = [value(6, "text"), value(7, "bigint")];
  const matches = `((${reason} IS NULL OR reason = ${reason})
    AND (${status} = 0 OR coalesce(last_status BETWEEN ${status} AND ${value(8, "bigint")}, false)))`;
  const newestFirst = (diedAt: string): string => `ORDER BY ${diedAt} DESC, id DESC LIMIT ${count}`;
  return {
    columns: `id, died_at AS "atMs", subscription_id AS "subscriptionId", ${matches} AS matches`,
    range: (source: DeadLetterScope["source"], owner: string): string =>
      `redriven_at IS NULL AND ${source}_id = ${owner} AND died_at BETWEEN ${value(2, "bigint")} AND ${at}
       AND (died_at < ${at} OR id < ${before}) ${newestFirst("died_at")}`,
    newestFirst: newestFirst('"atMs"'),
  };
}
