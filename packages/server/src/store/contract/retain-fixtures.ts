import type { SubscriptionId } from "../../domain/model.ts";
import type { RetentionResult } from "../log.ts";
import type { Scene } from "./fixtures.ts";

const STEPS_MAX = 200;

/** Runs steps of retention until there is nothing left to remove. */
export async function retainAll({ store }: Pick<Scene, "store">): Promise<readonly RetentionResult[]> {
  const results: RetentionResult[] = [];
  for (let more = true; more && results.length < STEPS_MAX;) {
    const result = await store.log.retain();
    results.push(result);
    more = result.more;
  }
  if (results.length === STEPS_MAX) throw new Error("Retention does not end.");
  return results;
}

export function total(
  results: readonly RetentionResult[],
  kind: "messages" | "attempts" | "deadLetters" | "auditRecords",
): number {
  return results.reduce((sum, result) => sum + result[kind], 0);
}

export function expiredOf(results: readonly RetentionResult[], id: SubscriptionId): number {
  return results
    .flatMap((result) => result.expired)
    .filter((each) => each.subscriptionId === id)
    .reduce((sum, { count }) => sum + count, 0);
}
