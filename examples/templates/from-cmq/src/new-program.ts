import type { RingbackClient } from "@ringback/sdk/client";

const topic = "orders";

/**
 * The second step, whenever you like: a CMQ topic is a topic of the same name, so a new receiver subscribes beside the
 * old one, and the program publishes types and JSON. The old subscription goes when its receiver does.
 */
export async function moveOn(ringback: RingbackClient, url: string, key: string): Promise<void> {
  // CMQ keeps messages for a day; the retries of the new subscription go on for three.
  const retentionMs = 7 * 86_400_000;
  await ringback.patch("/v1/topics/{topic}", { params: { path: { topic } }, body: { retentionMs } });
  await ringback.put("/v1/topics/{topic}/subscriptions/{subscription}", {
    params: { path: { topic, subscription: "signed" } },
    body: { push: { url, protocol: "standard-webhooks", keys: [key] } },
  });
  const { id } = await ringback.publish(topic, {
    type: "order.placed",
    body: { type: "order.placed", data: { order: 18, total: 250 } },
  });
  console.log(`published as ${id}`);
}
