import type { PushSettings } from "../../domain/model.ts";
import { WriteConflict } from "../../domain/write-condition.ts";
import { everyPage } from "../../store/every-page.ts";
import type { Keys } from "./account-keys.ts";
import { isKeyUsed, type KeyUserSources } from "./key-users.ts";
import type { KeyOwner } from "./keys.ts";
import type { ShownKey } from "./new-key.ts";

/** Keys that the server makes for subscriptions whose dialect signs and that name no key. */

export interface MadeKeySources extends KeyUserSources {
  readonly keys: Pick<Keys, "get" | "list" | "read" | "put" | "delete" | "uses">;
}

export interface MadeKey {
  readonly kid: string;
  /** null: the key was made earlier, and its secret was shown then. */
  readonly shown: ShownKey | null;
}

const kidCharsMax = 64;
const suffixChars = 11;

/**
 * Returns the key that was made for the subscription, or makes one. `stored`: the settings that the subscription has;
 * null: the subscription is new. Throws `master_key_missing` and `entry_limit`.
 */
export async function madeKey(
  { keys }: Pick<MadeKeySources, "keys">,
  owner: KeyOwner,
  stored: PushSettings | null,
): Promise<MadeKey> {
  for (const kid of stored?.keys ?? []) if (isOf(owner, (await keys.get(kid))?.owner)) return { kid, shown: null };
  const { jwk, shown } = keys.read({ generate: "hmac" });
  const name = `${owner.topic}.${owner.subscription}`.slice(0, kidCharsMax - suffixChars);
  for (let kid = name; ; kid = `${name}~${randomSuffix(keys)}`) {
    try {
      await keys.put(kid, jwk, "absent", owner);
      return { kid, shown };
    } catch (error) {
      // The name belongs to another key.
      if (!(error instanceof WriteConflict)) throw error;
    }
  }
}

/**
 * Deletes those of the keys that were made for the subscription and that nothing uses any more. The caller must hold
 * `keys.uses`.
 */
export async function dropMadeKeys(sources: MadeKeySources, owner: KeyOwner, kids: readonly string[]): Promise<void> {
  for (const kid of kids) {
    const key = await sources.keys.get(kid);
    if (key !== null && isOf(owner, key.owner) && !(await isKeyUsed(sources, kid))) await sources.keys.delete(kid, key);
  }
}

/** As `dropMadeKeys`, for all subscriptions of a deleted topic. */
export async function dropMadeKeysOfTopic(sources: MadeKeySources, topic: string): Promise<void> {
  for await (const items of everyPage((page) => sources.keys.list(page))) {
    for (const { kid, owner } of items) {
      if (owner?.topic === topic) await sources.keys.uses.run(() => dropMadeKeys(sources, owner, [kid]));
    }
  }
}

function isOf(owner: KeyOwner, given: KeyOwner | null | undefined): boolean {
  return given?.topic === owner.topic && given.subscription === owner.subscription;
}

/** Ten characters of a random key. */
function randomSuffix(keys: Pick<Keys, "read">): string {
  const { jwk } = keys.read({ generate: "hmac" });
  return jwk.kty === "oct" ? jwk.k.slice(0, suffixChars - 1) : "";
}
