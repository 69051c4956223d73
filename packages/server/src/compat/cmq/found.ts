import type { Subscription, Topic } from "../../domain/model.ts";
import type { QueueDetails } from "../../engine/queues/queues.ts";
import type { Page, PageRequest } from "../../store/page.ts";
import { limits } from "../../domain/limits.ts";
import type { ActionContext } from "./call.ts";
import { CmqError } from "./errors.ts";
import type { Parameters } from "./parameters.ts";

export async function topicOf({ store, account }: ActionContext, parameters: Parameters): Promise<Topic> {
  const topic = await store.catalog.getTopic(account.id, parameters.resourceName("topicName"));
  if (topic === null) throw new CmqError("topicNotFound");
  return topic;
}

export async function subscriptionOf(
  context: ActionContext,
  parameters: Parameters,
): Promise<{ readonly topic: Topic; readonly subscription: Subscription }> {
  const name = parameters.resourceName("subscriptionName");
  const topic = await topicOf(context, parameters);
  const subscription = await context.store.catalog.getSubscription(topic.id, name);
  if (subscription === null) throw new CmqError("subscriptionNotFound");
  return { topic, subscription };
}

export async function queueOf({ queues }: ActionContext, parameters: Parameters): Promise<QueueDetails> {
  const queue = await queues.get(parameters.resourceName("queueName"));
  if (queue === null) throw new CmqError("queueNotFound");
  return queue;
}

/** What a list is asked for, by place, as this API does it. */
export interface Wanted {
  readonly searchWord: string;
  readonly offset: number;
  readonly limit: number;
}

export function wantedOf(parameters: Parameters, limitMax: number): Wanted {
  return {
    searchWord: parameters.text("searchWord")?.toLowerCase() ?? "",
    offset: parameters.integer("offset", 0, limits.cmqListOffsetMax) ?? 0,
    limit: parameters.integer("limit", 0, limitMax) ?? limits.cmqListLimitDefault,
  };
}

/** Those whose names hold the word; counted as far as `limits.cmqListedMax` entries are looked at. */
export async function listed<T extends { readonly name: string }>(
  wanted: Wanted,
  page: (request: PageRequest) => Promise<Page<T>>,
): Promise<{ readonly totalCount: number; readonly items: readonly T[] }> {
  const items: T[] = [];
  let totalCount = 0;
  let looked = 0;
  let after: string | null = null;
  do {
    const { items: some, next }: Page<T> = await page({ after, limit: limits.pageItemsMax });
    for (const item of some) {
      if (!item.name.toLowerCase().includes(wanted.searchWord)) continue;
      if (totalCount >= wanted.offset && items.length < wanted.limit) items.push(item);
      totalCount++;
    }
    looked += some.length;
    after = next;
  } while (after !== null && looked < limits.cmqListedMax);
  return { totalCount, items };
}

export function seconds(timeMs: number): number {
  return Math.floor(timeMs / 1000);
}
