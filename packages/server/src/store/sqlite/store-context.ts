import type { Mutex } from "../../domain/mutex.ts";
import type { SubscriptionId } from "../../domain/model.ts";
import type { Clock } from "../../domain/ports.ts";
import type { Listeners } from "../listeners.ts";
import type { CatalogIndex } from "./catalog-index.ts";
import type { Claims } from "./claims.ts";
import type { GroupCommit } from "./group-commit.ts";
import type { ReadJobs } from "./read-thread.ts";
import type { ThreadLink } from "./thread-link.ts";
import type { Writer } from "./writer.ts";

/** The objects that the parts of one store share. */
export interface StoreContext {
  readonly index: CatalogIndex;
  readonly commits: GroupCommit;
  readonly claims: Claims;
  readonly writer: Writer;
  readonly reader: ThreadLink<ReadJobs>;
  readonly clock: Clock;
  /** Changes of the catalog run one at a time: each checks memory, writes the database, then changes memory. */
  readonly catalogMutex: Mutex;
  readonly ready: Listeners<readonly SubscriptionId[]>;
}
