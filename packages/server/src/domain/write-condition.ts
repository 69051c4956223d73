import { RingbackError } from "./errors.ts";
import { limits } from "./limits.ts";
import type { EntryState } from "./model.ts";

/** Identifies one state of a topic, subscription or entry. */
export type Revision = Pick<EntryState, "id" | "version">;

/**
 * A condition of a write: the topic, subscription or entry must not exist (`"absent"`), or must be in the state that
 * was read before. If the condition is not met, the write changes nothing and throws `precondition_failed`. Checking
 * and writing are one atomic step, also across nodes.
 */
export type WriteCondition = "absent" | Revision;

/** The condition of a write was not met, because another request has written first. */
export class WriteConflict extends RingbackError {
  constructor() {
    super("precondition_failed");
  }
}

/** `current`: null when the topic, subscription or entry does not exist. */
export function assertCondition(condition: WriteCondition | undefined, current: Revision | null): void {
  if (condition === undefined) return;
  const holds = condition === "absent" ? current === null : current !== null && isSame(condition, current);
  if (!holds) throw new WriteConflict();
}

function isSame(one: Revision, other: Revision): boolean {
  return one.id === other.id && one.version === other.version;
}

/**
 * Runs `change`, which reads a state and then writes with a condition on that state. If another request has written in
 * between, `change` runs again.
 */
export async function untilWritten<T>(change: () => Promise<T>): Promise<T> {
  for (let round = 1; round <= limits.writeRoundsMax; round++) {
    try {
      return await change();
    } catch (error) {
      if (!(error instanceof WriteConflict)) throw error;
    }
  }
  throw new RingbackError("overloaded", "Too many requests change this at the same time; try again shortly.");
}
