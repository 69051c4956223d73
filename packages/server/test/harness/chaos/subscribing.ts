import { subscriptionPath, type Api } from "../api.ts";
import { until } from "../until.ts";
import { subscriptions, topicNames, topicSettings } from "./plan.ts";

/** Creates the topics and subscriptions of the plan. All of them push to one receiver. */
export async function prepare(api: Api, url: string): Promise<void> {
  for (const topic of topicNames) await api.putTopic(topic, topicSettings[topic]);
  for (const { topic, name, settings } of subscriptions) {
    await api.subscribe(topic, name, { push: { url: `${url}/${topic}/${name}` }, ...settings });
  }
}

/** Waits until every subscription has delivered all messages, and returns the message counts. */
export async function settledCounts(api: Api): Promise<object[]> {
  const read = () =>
    Promise.all(
      subscriptions.map(async ({ topic, name }) => ({
        subscription: subscriptionPath(topic, name),
        ...(await api.counts(topic, name)),
      })),
    );
  const isDone = (counts: Awaited<ReturnType<typeof read>>) =>
    counts.every(({ backlog, parked, inFlight }) => backlog + parked + inFlight === 0);
  return until("every subscription is done", read, isDone);
}
