import { RingbackError } from "./errors.ts";
import type { AccountId } from "./model.ts";

/** Limits of one account. null: only the limits of the server apply. */
export interface AccountLimits {
  readonly topicsMax: number | null;
  readonly subscriptionsMax: number | null;
  readonly publishesPerSecondMax: number | null;
  readonly storedBytesMax: number | null;
  readonly retentionMsMax: number | null;
}

export type LimitName = keyof AccountLimits;

/** The limits of an account. `refused`: called when one of them refuses something. */
export interface ReportedLimits extends AccountLimits {
  readonly refused?: (limit: LimitName) => void;
}

export type LimitsOf = (accountId: AccountId) => ReportedLimits;

export const unlimited: AccountLimits = {
  topicsMax: null,
  subscriptionsMax: null,
  publishesPerSecondMax: null,
  storedBytesMax: null,
  retentionMsMax: null,
};

/** Throws `invalid_request` if a topic, inbox or queue would keep messages for longer than its account allows. */
export function assertRetention(retentionMs: number, { retentionMsMax }: AccountLimits): void {
  if (retentionMsMax === null || retentionMs <= retentionMsMax) return;
  const fault = `the account keeps messages for at most ${retentionMsMax} ms, and ${retentionMs} ms are asked for`;
  throw RingbackError.at("invalid_request", "limits.retentionMsMax", fault);
}
