import { findPushProtocol, type Jwk } from "@ringback/sdk/protocols";
import { RingbackError } from "../../domain/errors.ts";
import { hookKeyFault } from "../../domain/hook-protocols.ts";
import { limits } from "../../domain/limits.ts";
import { everyPage } from "../../store/every-page.ts";
import type { AccountId } from "../../domain/model.ts";
import type { Store } from "../../store/store.ts";
import type { Hooks } from "../hooks/account-hooks.ts";
import { storedJwk } from "./jwk-rule.ts";

/** The number of users that an error names. */
const namedMax = 10;

export interface KeyUserSources {
  readonly accountId: AccountId;
  readonly store: Pick<Store, "catalog">;
  readonly hooks: Pick<Hooks, "list">;
}

interface KeyUser {
  /** Such as "the hook cards". */
  readonly name: string;
  readonly protocol: string;
  /** Returns the reason why the user's protocol cannot use a key, or null if it can. */
  readonly faultOf: (jwk: Jwk) => string | null;
}

/** Throws `key_in_use` if a subscription signs with the key or a hook uses it. The error names the users. */
export async function assertKeyUnused(sources: KeyUserSources, kid: string): Promise<void> {
  const { named, others } = await firstUsers(usersOf(sources, kid, namedMax + 1), ({ name }) => name);
  if (named.length === 0) return;
  throw new RingbackError("key_in_use", `The key "${kid}" is used by ${named.join(", ")}${others}.`);
}

export async function isKeyUsed(sources: KeyUserSources, kid: string): Promise<boolean> {
  return (await firstUsers(usersOf(sources, kid, 1), ({ name }) => name)).named.length > 0;
}

/**
 * Throws `key_in_use` if the protocol of a subscription or hook that uses the key cannot use the new key. The error
 * names these users, each with the reason. Throws `invalid_key` if the new key is invalid.
 */
export async function assertKeyFitsUsers(sources: KeyUserSources, kid: string, jwk: Jwk): Promise<void> {
  const given = storedJwk(jwk);
  const { named, others } = await firstUsers(
    usersOf(sources, kid, limits.subscriptionsMax),
    ({ name, protocol, faultOf }) => {
      const fault = faultOf(given);
      return fault === null ? null : `${name} (${protocol}: ${fault})`;
    },
  );
  if (named.length === 0) return;
  throw new RingbackError("key_in_use", `The new key "${kid}" cannot be used by ${named.join(", ")}${others}.`);
}

/** Returns the texts of the first users. `textOf` returns null for a user that the error need not name. */
async function firstUsers(
  users: AsyncIterable<KeyUser>,
  textOf: (user: KeyUser) => string | null,
): Promise<{ named: readonly string[]; others: string }> {
  const named: string[] = [];
  for await (const user of users) {
    const text = textOf(user);
    if (text === null) continue;
    if (named.length === namedMax) return { named, others: ", and others" };
    named.push(text);
  }
  return { named, others: "" };
}

async function* usersOf(
  { accountId, store: { catalog }, hooks }: KeyUserSources,
  kid: string,
  subscriptionsMax: number,
): AsyncGenerator<KeyUser> {
  for (const { topic, name, settings } of await catalog.subscriptionsOfKey(accountId, kid, subscriptionsMax)) {
    const protocol = settings.push?.protocol ?? "";
    const faultOf = (jwk: Jwk) => findPushProtocol(protocol)?.keyFault?.(jwk) ?? null;
    yield { name: `the subscription ${topic}/${name}`, protocol, faultOf };
  }
  for await (const items of everyPage((page) => hooks.list(page))) {
    for (const { key, name, protocol } of items) {
      if (key === kid) yield { name: `the hook ${name}`, protocol, faultOf: (jwk) => hookKeyFault(protocol, jwk) };
    }
  }
}
