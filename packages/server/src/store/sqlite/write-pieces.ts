import type { SubscriptionId } from "../../domain/model.ts";
import { isStorageFault } from "./jobs.ts";
import { changedBy, type SettleWork } from "./settle-work.ts";

/** A round ends after this many refusals, so that publishes and later rounds do not wait for a long round. */
const REFUSALS_MAX = 16;
/** After a refusal the next piece is this many times smaller. */
const SHRINK = 4;

export interface Pieces {
  /** Works that are not written, in the order in which the next round should try them. */
  readonly left: readonly SettleWork[];
  /** The disk's last refusal; null: everything is written. */
  readonly refusal: Error | null;
}

/**
 * Writes works that together may not fit on the disk: first all in one commit, then fewer, down to one at a time. When
 * a single work is refused, later works of its subscriptions are left too, because their order counts. Works of other
 * subscriptions are still tried.
 */
export async function writePieces(
  works: readonly SettleWork[],
  commit: (piece: readonly SettleWork[]) => Promise<Error | null>,
): Promise<Pieces> {
  let rest = works;
  const blocked: SettleWork[] = [];
  const ids = new Set<SubscriptionId>();
  let refusal: Error | null = null;
  let size = rest.length;
  for (let refusals = 0; rest.length > 0 && refusals < REFUSALS_MAX;) {
    const piece = rest.slice(0, size);
    const error = await commit(piece);
    if (error === null) {
      rest = rest.slice(size);
      size *= 2;
      continue;
    }
    const isRefused = isStorageFault(error);
    if (isRefused) {
      refusal = error;
      refusals++;
    }
    if (piece.length > 1) {
      // If the database can never store one of the rows, the others must not fail with it.
      size = isRefused ? Math.ceil(piece.length / SHRINK) : 1;
      continue;
    }
    if (!isRefused) piece[0]?.failed(error);
    else blocked.push(...piece);
    rest = isRefused ? separate(rest, blocked, ids) : rest.slice(1);
    size = 1;
  }
  return { left: [...separate(rest, blocked, ids), ...blocked], refusal };
}

/** Moves later works of the blocked subscriptions to `blocked`. Returns the others. */
function separate(rest: readonly SettleWork[], blocked: SettleWork[], ids: Set<SubscriptionId>): SettleWork[] {
  const last = blocked.at(-1);
  if (last !== undefined) for (const id of changedBy(last)) ids.add(id);
  return rest.filter((work) => {
    if (work === last) return false;
    const changed = changedBy(work);
    if (!isAnyIn(changed, ids)) return true;
    for (const id of changed) ids.add(id);
    blocked.push(work);
    return false;
  });
}

/** Returns the urgent works, and before them the earlier works on whose rows they depend. */
export function urgentPart(works: readonly SettleWork[]): readonly SettleWork[] {
  const ids = new Set<SubscriptionId>();
  return works
    .toReversed()
    .filter((work) => {
      const changed = changedBy(work);
      if (!work.isUrgent && !isAnyIn(changed, ids)) return false;
      for (const id of changed) ids.add(id);
      return true;
    })
    .toReversed();
}

function isAnyIn<T>(some: ReadonlySet<T>, all: ReadonlySet<T>): boolean {
  for (const each of some) if (all.has(each)) return true;
  return false;
}
