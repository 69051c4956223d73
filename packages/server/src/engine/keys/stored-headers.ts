import { limits } from "../../domain/limits.ts";
import type { SubscriptionId } from "../../domain/model.ts";
import type { Store } from "../../store/store.ts";
import type { PushHeaders } from "./push-headers.ts";

export interface StoredHeadersContext {
  readonly store: Pick<Store, "catalog">;
  readonly pushHeaders: PushHeaders;
}

/** Returns the subscriptions, as `topic/subscription`, whose push headers no configured master key opens. */
export async function withUnusableHeaders({ store, pushHeaders }: StoredHeadersContext): Promise<readonly string[]> {
  const unusable: string[] = [];
  for (let after = 0 as SubscriptionId; ;) {
    const page = await store.catalog.subscriptionsWithHeaders(after, limits.pageItemsMax);
    for (const { topic, name, settings } of page) {
      if (settings.push !== null && !pushHeaders.opens(settings.push)) unusable.push(`${topic}/${name}`);
    }
    const last = page.at(-1);
    if (last === undefined || page.length < limits.pageItemsMax) return unusable;
    after = last.id;
  }
}
