import { RingbackError } from "../../domain/errors.ts";
import type { SubscriptionSettings } from "../../domain/model.ts";
import type { Keys } from "../port.ts";

/** A subscription names only keys that there are. Throws `key_not_found`. */
export async function assertPushKeysKnown(keys: Pick<Keys, "get">, { push }: SubscriptionSettings): Promise<void> {
  for (const [index, kid] of (push?.keys ?? []).entries()) {
    if ((await keys.get(kid)) !== null) continue;
    throw RingbackError.at("key_not_found", `push.keys[${index}]`, `there is no key "${kid}"`);
  }
}
