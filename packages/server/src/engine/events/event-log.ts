import type { AccountId } from "../../domain/model.ts";
import type { StoreNode } from "../../store/cluster.ts";

/** Receives what an operator looks for in the log. */
export interface EventLog {
  /** The event is not published, because it is about a subscription that receives events. */
  unpublished(event: { readonly type: string; readonly members: object }): void;
  /** Events were not published, because there were too many. */
  suppressed(accountId: AccountId, count: number): void;
  /** An event was not stored, and will not be. */
  lost(type: string, error: unknown): void;
  /** The nodes of the cluster were read. Called at intervals. */
  nodesRead(nodes: readonly StoreNode[]): void;
}
