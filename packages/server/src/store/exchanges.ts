/** Requests and replies of attempts, as they were sent and came. They are kept beside the record of attempts. */

import type { AccountId, Seq, SubscriptionId, TimeMs } from "../domain/model.ts";

/** Names an attempt: two attempts of one message for one subscription have different numbers or times. */
export interface ExchangeKey {
  readonly subscriptionId: SubscriptionId;
  readonly seq: Seq;
  readonly attempt: number;
  /** When the attempt started, in Unix time. */
  readonly startedAtMs: TimeMs;
}

export interface ExchangeContent {
  /** A JSON value, which the store does not read. */
  readonly head: unknown;
  readonly requestBody: Uint8Array;
  /** null: no reply came. */
  readonly replyBody: Uint8Array | null;
}

export interface ExchangeRow extends ExchangeKey, ExchangeContent {
  readonly accountId: AccountId;
  /** From this time on the row may be deleted, in Unix time. */
  readonly expiresAtMs: TimeMs;
}

export interface ExchangeLimits {
  readonly nowMs: TimeMs;
  /** The bytes that all rows may have together. The oldest are deleted first. */
  readonly bytesMax: number;
}

export interface ExchangeStore {
  /** Writes all rows in one commit, or none. A row replaces an earlier one with its key. */
  write(rows: readonly ExchangeRow[]): Promise<void>;
  read(key: ExchangeKey): Promise<ExchangeContent | null>;
  /** Deletes some expired rows, and some of those that are too many, in one short commit. True: there may be more. */
  trim(limits: ExchangeLimits): Promise<boolean>;
  /** Deletes some rows of a deleted account, in one short commit. Returns true if there may be more. */
  deleteSome(accountId: AccountId): Promise<boolean>;
}

/** Rows of one kind that one call of `trim` or `deleteSome` deletes at most. */
export const exchangesDeletedMax = 100;

/** A row of the table `exchange` in both databases. */
export interface StoredExchange {
  readonly account_id: number;
  readonly subscription_id: number;
  readonly seq: number;
  readonly attempt: number;
  readonly started_at: TimeMs;
  readonly expires_at: TimeMs;
  /** Of the head and the bodies. */
  readonly bytes: number;
  readonly head: string;
  readonly request_body: Uint8Array;
  readonly reply_body: Uint8Array | null;
}

export const exchangeColumns = [
  "account_id",
  "subscription_id",
  "seq",
  "attempt",
  "started_at",
  "expires_at",
  "bytes",
  "head",
  "request_body",
  "reply_body",
] as const;

export const exchangeKeyColumns = ["subscription_id", "seq", "started_at", "attempt"] as const;

export function exchangeKeyValues({ subscriptionId, seq, startedAtMs, attempt }: ExchangeKey): readonly number[] {
  return [subscriptionId, seq, startedAtMs, attempt];
}

export function toStoredExchange(row: ExchangeRow): StoredExchange {
  const { accountId, subscriptionId, seq, attempt, startedAtMs, expiresAtMs, requestBody, replyBody } = row;
  const head = JSON.stringify(row.head);
  return {
    account_id: accountId,
    subscription_id: subscriptionId,
    seq,
    attempt,
    started_at: startedAtMs,
    expires_at: expiresAtMs,
    bytes: head.length + requestBody.byteLength + (replyBody?.byteLength ?? 0),
    head,
    request_body: requestBody,
    reply_body: replyBody,
  };
}

export function contentOf(
  row: Pick<StoredExchange, "head" | "request_body" | "reply_body"> | undefined,
): ExchangeContent | null {
  if (row === undefined) return null;
  return { head: JSON.parse(row.head), requestBody: row.request_body, replyBody: row.reply_body };
}

/** SQL that selects the ids of rows to delete. The first parameter is the time, or the bytes that all may have. */
export const exchangesToDelete = {
  expired: (table: string, nowMs: string) =>
    `SELECT id FROM ${table} WHERE expires_at <= ${nowMs} ORDER BY expires_at LIMIT ${exchangesDeletedMax}`,
  surplus: (table: string, bytesMax: string) =>
    `SELECT id FROM (
       SELECT id, sum(bytes) OVER (ORDER BY started_at, id) - bytes AS older
       FROM (SELECT id, bytes, started_at FROM ${table} ORDER BY started_at, id LIMIT ${exchangesDeletedMax}) AS oldest
     ) AS summed WHERE older < (SELECT sum(bytes) FROM ${table}) - ${bytesMax}`,
  ofAccount: (table: string, accountId: string) =>
    `SELECT id FROM ${table} WHERE account_id = ${accountId} LIMIT ${exchangesDeletedMax}`,
} as const;
