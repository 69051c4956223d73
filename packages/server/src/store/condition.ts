import { RingbackError } from "../domain/errors.ts";

/**
 * A condition of a `put`: the topic, subscription or entry must not exist (`"absent"`), or must have this version. A
 * `put` whose condition does not hold changes nothing and throws `precondition_failed`. Checking and writing are one
 * atomic step, also across nodes.
 */
export type PutCondition = "absent" | { readonly version: number };

/** `version`: the current version; null when the topic, subscription or entry does not exist. */
export function assertCondition(condition: PutCondition | undefined, version: number | null): void {
  if (condition === undefined) return;
  const holds = condition === "absent" ? version === null : version === condition.version;
  if (!holds) throw new RingbackError("precondition_failed");
}
