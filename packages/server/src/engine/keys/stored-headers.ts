import { limits } from "../../domain/limits.ts";
import type { Subscription, SubscriptionId } from "../../domain/model.ts";
import { WriteConflict } from "../../domain/write-condition.ts";
import type { Store } from "../../store/store.ts";
import type { PushHeaders } from "./push-headers.ts";

export interface StoredHeadersContext {
  readonly store: Pick<Store, "catalog">;
  readonly pushHeaders: PushHeaders;
}

/**
 * Seals the values of push headers that an earlier version stored unsealed. Returns the subscriptions, as
 * `topic/subscription`, whose headers no configured master key opens, and those that stay unsealed because there is no
 * master key.
 */
export async function checkStoredHeaders({ store: { catalog }, pushHeaders }: StoredHeadersContext): Promise<{
  readonly unusable: readonly string[];
  readonly unsealed: readonly string[];
}> {
  const unusable: string[] = [];
  const unsealed: string[] = [];
  const account = catalog.defaultAccount().id;
  for (let after = 0 as SubscriptionId; ;) {
    const page = await catalog.subscriptionsWithHeaders(account, after, limits.pageItemsMax);
    for (const subscription of page) {
      const { push } = subscription.settings;
      if (push === null) continue;
      const name = `${subscription.topic}/${subscription.name}`;
      if (!pushHeaders.opens(push)) unusable.push(name);
      if (!Object.values(push.headers).some((value) => typeof value === "string")) continue;
      if (pushHeaders.canSeal) await sealStored(catalog, pushHeaders, subscription);
      else unsealed.push(name);
    }
    const last = page.at(-1);
    if (last === undefined || page.length < limits.pageItemsMax) return { unusable, unsealed };
    after = last.id;
  }
}

async function sealStored(
  catalog: Store["catalog"],
  pushHeaders: PushHeaders,
  subscription: Subscription,
): Promise<void> {
  const { topicId, name, settings } = subscription;
  if (settings.push === null) return;
  const push = await pushHeaders.seal(subscription, settings.push, null);
  try {
    await catalog.putSubscription(topicId, name, { ...settings, push }, "now", subscription);
  } catch (error) {
    // Another node has changed the subscription in the meantime, and sealed its headers.
    if (!(error instanceof WriteConflict)) throw error;
  }
}
