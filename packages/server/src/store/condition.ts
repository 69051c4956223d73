import { RingbackError } from "../domain/errors.ts";

/**
 * What must hold for a `put` to take effect: the thing does not exist yet (`"absent"`), or it has this version. A `put`
 * whose condition does not hold changes nothing and throws `precondition_failed`. Checking and writing are one atomic
 * step, on every node.
 */
export type PutCondition = "absent" | { readonly version: number };

/** `version` is the version that the thing has now; null when it does not exist. */
export function assertCondition(condition: PutCondition | undefined, version: number | null): void {
  if (condition === undefined) return;
  const holds = condition === "absent" ? version === null : version === condition.version;
  if (!holds) throw new RingbackError("precondition_failed");
}
