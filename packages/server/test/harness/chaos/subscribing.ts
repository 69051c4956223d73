import { subscriptionPath, type Api, type CountsView } from "../api.ts";
import { until } from "../until.ts";
import { subscriptions, topicNames, topicSettings } from "./plan.ts";
import type { PlannedSubscription } from "./plan.ts";

/** Creates the topics and subscriptions of the plan. All of those that push have one receiver. */
export async function prepare(
  api: Api,
  url: string,
  plan: readonly PlannedSubscription[] = subscriptions,
): Promise<void> {
  for (const topic of topicNames) await api.putTopic(topic, topicSettings[topic]);
  for (const { topic, name, settings, push, pull } of plan) {
    const kind = pull === undefined ? { push: { url: `${url}/${topic}/${name}`, ...push } } : { pull };
    await api.subscribe(topic, name, { ...kind, ...settings });
  }
}

/** Waits until every subscription has delivered all messages, and returns the message counts. */
export async function settledCounts(
  api: Api,
  plan: readonly PlannedSubscription[] = subscriptions,
): Promise<(CountsView & { readonly subscription: string })[]> {
  const read = () =>
    Promise.all(
      plan.map(async ({ topic, name }) => ({
        subscription: subscriptionPath(topic, name),
        ...(await api.counts(topic, name)),
      })),
    );
  const isDone = (counts: Awaited<ReturnType<typeof read>>) =>
    counts.every(({ backlog, parked, inFlight }) => backlog + parked + inFlight === 0);
  return until("every subscription is done", read, isDone);
}
