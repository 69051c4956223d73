import type { Subscription } from "../domain/model.ts";
import { listedSubscriptionView } from "../shapes/subscription.ts";
import type { Page } from "../store/page.ts";
import type { SubscriptionCounts } from "../store/records.ts";
import type { Store } from "../store/store.ts";

/** A subscription in a list; `counts` null: the list shows no counts. */
export interface CountedItem {
  readonly subscription: Subscription;
  readonly counts: SubscriptionCounts | null;
}

/** Reads the counts of a page at once. A subscription that was deleted in the meantime is left out. */
export async function withCounts<P extends Page<Subscription>>({ records }: Store, page: P) {
  const counts = await records.countsOfSubscriptions(page.items.map(({ id }) => id));
  const items = page.items.flatMap((subscription): CountedItem[] => {
    const counted = counts.get(subscription.id);
    return counted === undefined ? [] : [{ subscription, counts: counted }];
  });
  return { ...page, items };
}

export function withoutCounts(subscription: Subscription): CountedItem {
  return { subscription, counts: null };
}

export function countedItemView({ subscription, counts }: CountedItem): object {
  return listedSubscriptionView(subscription, counts);
}
