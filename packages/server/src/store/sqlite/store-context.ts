import type { Mutex } from "../../domain/mutex.ts";
import type { SubscriptionId } from "../../domain/model.ts";
import type { Clock } from "../../domain/ports.ts";
import type { Listeners } from "../listeners.ts";
import type { CatalogIndex } from "./catalog-index.ts";
import type { ClaimWrites } from "./claim-writes.ts";
import type { Claims } from "./claims.ts";
import type { GroupCommit } from "./group-commit.ts";
import type { MessageCache } from "./message-cache.ts";
import type { Reader } from "./read-jobs.ts";

/** The objects that claims need. */
export interface ClaimContext {
  readonly index: CatalogIndex;
  readonly cache: MessageCache;
  readonly commits: GroupCommit;
  readonly claimWrites: ClaimWrites;
  readonly reader: Reader;
  readonly clock: Clock;
}

/** The objects that the parts of one store share. */
export interface StoreContext extends ClaimContext {
  readonly claims: Claims;
  /** Changes of the catalog run one at a time: each checks memory, writes the database, then changes memory. */
  readonly catalogMutex: Mutex;
  readonly ready: Listeners<readonly SubscriptionId[]>;
}
