import type { AccountId } from "../../domain/model.ts";

/** Receives what the operator must find in the log, because no event reports it. */
export interface EventLog {
  /** The event is about a subscription that receives events, so that it is not published. */
  unpublished(event: { readonly type: string; readonly members: object }): void;
  /** Events were not published, because there were too many. */
  suppressed(accountId: AccountId, count: number): void;
  /** An event was not stored, and will not be. */
  lost(type: string, error: unknown): void;
}
