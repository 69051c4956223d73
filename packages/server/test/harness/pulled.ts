import { subscriptionPath } from "./api.ts";
import type { Api } from "./api.ts";

export interface Pulled {
  readonly id: string;
  readonly seq: number;
  readonly body: string;
  readonly receiptHandle: string;
  readonly receives: number;
  readonly visibleAt: string;
}

export interface Answered {
  readonly failed: number;
  readonly results: readonly { readonly receiptHandle: string; readonly result: string }[];
}

/** Creates a topic with a pull subscription, and returns functions for the calls of a receiver. */
export async function pulledFrom(api: Api, topic: string, settings: object = {}) {
  const path = subscriptionPath(topic, "workers");
  await api.putTopic(topic);
  await api.ok("PUT", path, { json: { pull: { visibilityMs: 60_000 }, ...settings } });
  return {
    path,
    pull: async (json: object = {}) =>
      (await api.ok<{ messages: readonly Pulled[] }>("POST", `${path}/pull`, { json })).messages,
    answer: (verb: "ack" | "nack", receiptHandles: readonly string[], more: object = {}) =>
      api.ok<Answered>("POST", `${path}/${verb}`, { json: { receiptHandles, ...more } }),
    counts: async () => (await api.ok<{ pullCounts: object }>("GET", path)).pullCounts,
    publish: (...bodies: readonly string[]) =>
      api.publishBatch(
        topic,
        bodies.map((body) => ({ body })),
      ),
  };
}
