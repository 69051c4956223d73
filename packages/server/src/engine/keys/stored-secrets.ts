import { limits } from "../../domain/limits.ts";
import type { SubscriptionId } from "../../domain/model.ts";
import type { Store } from "../../store/store.ts";
import type { EndpointSecrets } from "./endpoint-secrets.ts";

export interface StoredSecretsContext {
  readonly store: Pick<Store, "catalog">;
  readonly endpointSecrets: Pick<EndpointSecrets, "opens">;
}

/** Returns the subscriptions, as `topic/subscription`, whose secrets no configured master key opens. */
export async function withUnusableSecrets({
  store,
  endpointSecrets,
}: StoredSecretsContext): Promise<readonly string[]> {
  const unusable: string[] = [];
  for (let after = 0 as SubscriptionId; ;) {
    const page = await store.catalog.subscriptionsWithSecrets(after, limits.pageItemsMax);
    for (const { topic, name, settings } of page) {
      if (settings.push !== null && !endpointSecrets.opens(settings.push)) unusable.push(`${topic}/${name}`);
    }
    const last = page.at(-1);
    if (last === undefined || page.length < limits.pageItemsMax) return unusable;
    after = last.id;
  }
}
