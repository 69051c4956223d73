/** Reads the contents of a store through its port. */

import { messageId } from "../../domain/message-id.ts";
import type { Attempt, Message, NewMessage, Subscription, Topic } from "../../domain/model.ts";
import type { Settled } from "../../store/log.ts";
import type { Store } from "../../store/store.ts";

const all = { after: null, limit: 10_000 };

/** Returns all topics except internal ones. */
export async function storedTopics({ catalog }: Store): Promise<readonly Topic[]> {
  return (await catalog.listTopics(catalog.defaultAccount().id, all)).items;
}

export async function storedTopic({ catalog }: Store, name = "orders"): Promise<Topic> {
  const topic = await catalog.getTopic(catalog.defaultAccount().id, name);
  if (topic === null) throw new Error(`There is no topic "${name}".`);
  return topic;
}

/** Returns the subscriptions of every topic, except internal ones. */
export async function storedSubscriptions(store: Store): Promise<readonly Subscription[]> {
  const topics = await storedTopics(store);
  const pages = await Promise.all(topics.map(({ id }) => store.catalog.listSubscriptions(id, all)));
  return pages.flatMap(({ items }) => items);
}

/** Returns the messages of every topic, in the order of the topic's log. */
export async function storedMessages(store: Store): Promise<readonly Message[]> {
  const messages: Message[] = [];
  for (const { id, accountId } of await storedTopics(store)) {
    for (let seq = 1; ; seq++) {
      const record = await store.records.getMessage(accountId, messageId(id, seq));
      if (record === null) break;
      messages.push(record.message);
    }
  }
  return messages;
}

/** Publishes one message for each outcome, and settles its delivery with that outcome. */
export async function deliver(
  store: Store,
  { id, topicId }: Subscription,
  outcomes: readonly { readonly attempt: Attempt; readonly settled: Settled; readonly message?: Partial<NewMessage> }[],
): Promise<void> {
  const messages = outcomes.map(({ message }, index) => ({
    body: Buffer.from(`body ${index + 1}`),
    contentType: null,
    tags: [],
    type: null,
    orderingKey: null,
    attributes: {},
    delayMs: 0,
    ...message,
  }));
  await store.log.append({ topicId, messages, idempotency: null });
  await settleNext(store, id, outcomes);
}

/** Claims deliveries and settles each with one outcome. */
export async function settleNext(
  store: Store,
  subscriptionId: Subscription["id"],
  outcomes: readonly { readonly attempt: Attempt; readonly settled: Settled }[],
): Promise<void> {
  const want = { subscriptionId, deliveriesMax: outcomes.length, bytesMax: 1_000_000, fromLog: true };
  for (const { id: claimId, deliveries } of await store.log.claim([want], 60_000)) {
    await store.log.settle(
      deliveries.map((delivery, index) => {
        const { attempt, settled } = outcomes[index] as (typeof outcomes)[number];
        return { claimId, subscriptionId, delivery, attempt, settled };
      }),
    );
  }
}

/** An attempt that the receiver answered with 500. */
export function failedAttempt(fields: Partial<Attempt> = {}): Attempt {
  const reply = Buffer.from("oh no");
  const ended = {
    durationMs: 12,
    verdict: "failed",
    status: 500,
    errorCode: "http_status",
    errorDetail: null,
    reply,
  } as const;
  return { attempt: 1, startedAtMs: 5_000, ...ended, ...fields };
}
