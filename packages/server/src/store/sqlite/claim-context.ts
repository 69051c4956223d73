import type { Clock } from "../../domain/ports.ts";
import type { CatalogIndex } from "./catalog-index.ts";
import type { ClaimWrites } from "./claim-writes.ts";
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
