import type { components, PulledMessage } from "@ringback/sdk/client";
import { subscriptionPath } from "./api.ts";
import type { Api } from "./api.ts";

export type Pulled = PulledMessage;

const base = "/v1/topics/{topic}/subscriptions/{subscription}";

/** Creates a topic with a pull subscription, and returns functions for the calls of a receiver. */
export async function pulledFrom(api: Api, topic: string, settings: object = {}) {
  const { client } = api;
  const params = { path: { topic, subscription: "workers" } };
  await api.putTopic(topic);
  await api.subscribe(topic, "workers", { pull: { visibilityMs: 60_000 }, ...settings });
  return {
    path: subscriptionPath(topic, "workers"),
    pull: async (body: components["schemas"]["PullRequest"] = {}) =>
      (await client.post(`${base}/pull`, { params, body })).messages,
    answer: (verb: "ack" | "nack", receiptHandles: readonly string[], more: object = {}) =>
      client.post(`${base}/${verb}`, { params, body: { receiptHandles: [...receiptHandles], ...more } }),
    counts: async () => (await client.get(base, { params })).pullCounts,
    publish: (...bodies: readonly string[]) =>
      api.publishBatch(
        topic,
        bodies.map((body) => ({ body })),
      ),
  };
}
