import { RingbackError } from "../../domain/errors.ts";
import { limits } from "../../domain/limits.ts";
import type { Store } from "../../store/store.ts";
import type { Hooks } from "../hooks/account-hooks.ts";

/** The number of users that an error names. */
const namedMax = 10;

export interface KeyUserSources {
  readonly store: Pick<Store, "catalog">;
  readonly hooks: Pick<Hooks, "list">;
}

/** Throws `key_in_use` if a subscription signs with the key or a hook uses it. The error names the users. */
export async function assertKeyUnused(sources: KeyUserSources, kid: string): Promise<void> {
  const users = [...(await subscriptionsOf(sources, kid)), ...(await hooksOf(sources, kid))];
  if (users.length === 0) return;
  const named = users.slice(0, namedMax).join(", ");
  const others = users.length > namedMax ? ", and others" : "";
  throw new RingbackError("key_in_use", `The key "${kid}" is used by ${named}${others}.`);
}

async function subscriptionsOf({ store: { catalog } }: KeyUserSources, kid: string): Promise<string[]> {
  const found = await catalog.subscriptionsOfKey(catalog.defaultAccount().id, kid, namedMax + 1);
  return found.map(({ topic, name }) => `the subscription ${topic}/${name}`);
}

async function hooksOf({ hooks }: KeyUserSources, kid: string): Promise<string[]> {
  const users: string[] = [];
  for (let after: string | null = null; users.length <= namedMax;) {
    const page: Awaited<ReturnType<Hooks["list"]>> = await hooks.list({ after, limit: limits.pageItemsMax });
    users.push(...page.items.filter(({ key }) => key === kid).map(({ name }) => `the hook ${name}`));
    if (page.next === null) break;
    after = page.next;
  }
  return users;
}
