/** The record of changes: who changed what, and when. The store never reads the details of a record. */

import { RingbackError } from "../domain/errors.ts";
import type { AccountId, TimeMs } from "../domain/model.ts";
import type { Page, PageRequest } from "./page.ts";

export interface AuditRecord {
  /** 24 hexadecimal digits, of which the first 12 are the time in milliseconds. So the order of ids is that of time. */
  readonly id: string;
  readonly accountId: AccountId;
  readonly atMs: TimeMs;
  readonly who: string;
  readonly action: string;
  readonly target: string;
  /** A JSON value. */
  readonly details: unknown;
}

/** Selects the records that meet all of the given conditions. */
export interface AuditFilter {
  /** Records of this time and later ones. */
  readonly fromMs?: TimeMs | undefined;
  /** Records before this time. */
  readonly toMs?: TimeMs | undefined;
  readonly who?: string | undefined;
  readonly action?: string | undefined;
  /** Records of this target and of what is below it: `topics/a` selects `topics/a/subscriptions/b` too. */
  readonly target?: string | undefined;
}

export interface AuditStore {
  /** Writes all records durably in one commit, or none of them. */
  append(records: readonly AuditRecord[]): Promise<void>;
  /**
   * Lists records, newest first. A page examines a bounded number of records. So with a filter, a page can have fewer
   * records than its limit, or none, although more pages follow. Throws `invalid_cursor`.
   */
  list(accountId: AccountId, filter: AuditFilter, page: PageRequest): Promise<Page<AuditRecord>>;
  /**
   * Deletes some records of a deleted account, in one short commit. Returns true if there may be more of them. Other
   * records are removed by `LogStore.retain` after their retention.
   */
  deleteSome(accountId: AccountId): Promise<boolean>;
}

/** A row of the table `audit` in both databases. */
export interface AuditRow {
  readonly account_id: AccountId;
  readonly record_id: string;
  readonly happened_at: TimeMs;
  readonly who: string;
  readonly action: string;
  readonly target: string;
  readonly details: string;
}

export function toAuditRow({ accountId, id, atMs, who, action, target, details }: AuditRecord): AuditRow {
  const text = JSON.stringify(details);
  return { account_id: accountId, record_id: id, happened_at: atMs, who, action, target, details: text };
}

function toAuditRecord({
  account_id,
  record_id: id,
  happened_at,
  who,
  action,
  target,
  details,
}: AuditRow): AuditRecord {
  return { id, accountId: account_id, atMs: happened_at, who, action, target, details: JSON.parse(details) };
}

/** Rows that one page with a filter examines at most. */
export const auditExaminedMax = 5_000;
/** Rows that one call of `deleteSome`, or one step of retention, deletes at most. */
export const auditDeletedMax = 500;

/** The rows that a driver must read for one page. null: no condition. */
export interface AuditRange {
  readonly accountId: AccountId;
  readonly fromId: string;
  /** The records of the page have smaller ids. */
  readonly beforeId: string;
  readonly who: string | null;
  readonly action: string | null;
  readonly target: string | null;
  readonly hasConditions: boolean;
  /** One more than the limit of the page. */
  readonly rowsMax: number;
}

/** `examinedId`: the last examined row, if there may be further rows; null: all rows of the range were examined. */
export interface AuditRead {
  readonly rows: readonly AuditRow[];
  readonly examinedId: string | null;
}

export function auditRange(accountId: AccountId, filter: AuditFilter, page: PageRequest): AuditRange {
  const { fromMs = 0, toMs = auditTimeMsMax, who = null, action = null, target = null } = filter;
  if (page.after !== null && !/^[0-9a-f]{24}$/.test(page.after)) throw new RingbackError("invalid_cursor");
  const endId = auditIdOf(toMs, 0);
  return {
    accountId,
    fromId: auditIdOf(fromMs, 0),
    beforeId: page.after === null || page.after > endId ? endId : page.after,
    who,
    action,
    target,
    hasConditions: who !== null || action !== null || target !== null,
    rowsMax: page.limit + 1,
  };
}

export function auditPage({ rows, examinedId }: AuditRead, { limit }: PageRequest): Page<AuditRecord> {
  const next = rows.length > limit ? (rows[limit - 1]?.record_id ?? null) : examinedId;
  return { items: rows.slice(0, limit).map(toAuditRecord), next };
}

const auditTimeMsMax = 2 ** 48 - 1;

export const auditRandomMax = 2 ** 48;

/** `random`: below `auditRandomMax`. */
export function auditIdOf(atMs: TimeMs, random: number): string {
  return [Math.max(0, Math.min(atMs, auditTimeMsMax)), random]
    .map((part) => part.toString(16).padStart(12, "0"))
    .join("");
}
