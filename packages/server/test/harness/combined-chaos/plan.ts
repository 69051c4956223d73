import { everything, patient, plain, subscriptions } from "../chaos/plan.ts";
import type { PlannedSubscription } from "../chaos/plan.ts";

export const visibilityMs = 3_000;

/** Whether deliveries of the subscription may become dead letters. */
export function mayDie({ name }: PlannedSubscription): boolean {
  return name === "mortal";
}

/** The subscriptions of the other chaos tests, and some that pull, time out, or give up. */
export const plan: readonly PlannedSubscription[] = [
  ...subscriptions,
  {
    ...plain,
    topic: "tagged",
    name: "hesitant",
    settings: { retry: patient },
    push: { timeoutMs: 1_500 },
    hanging: 0.02,
    late: 0.02,
  },
  {
    ...plain,
    topic: "routed",
    name: "mortal",
    settings: { retry: { ...patient, retriesMax: 2 } },
    failing: 0.5,
  },
  { ...plain, topic: "routed", name: "pulled", settings: {}, gets: everything, pull: { visibilityMs } },
];
