import type { LimitsOf } from "../../domain/account-limits.ts";
import type { Mutex } from "../../domain/mutex.ts";
import type { SubscriptionId } from "../../domain/model.ts";
import type { Listeners } from "../listeners.ts";
import type { ClaimContext } from "./claim-context.ts";
import type { Claims } from "./claims.ts";

/** The objects that the parts of one store share. */
export interface StoreContext extends ClaimContext {
  readonly claims: Claims;
  /** Changes of the catalog run one at a time. Each change checks memory, writes the database, then updates memory. */
  readonly catalogMutex: Mutex;
  /** Returns the limits of an account. Set after the start. */
  limitsOf: LimitsOf;
  readonly ready: Listeners<readonly SubscriptionId[]>;
}
