import { findPushProtocol } from "@ringback/sdk/protocols";
import { RingbackError } from "../../domain/errors.ts";
import type { SubscriptionSettings } from "../../domain/model.ts";
import type { Keys } from "./account-keys.ts";

/**
 * Checks that the keys of a subscription exist and that its dialect can sign with them. A key that no configured master
 * key opens is only checked for existence. Throws `key_not_found` and `invalid_key`.
 */
export async function assertPushKeysFit(
  keys: Pick<Keys, "get" | "find">,
  { push }: SubscriptionSettings,
): Promise<void> {
  if (push === null) return;
  const protocol = findPushProtocol(push.protocol);
  for (const [index, kid] of push.keys.entries()) {
    const field = `push.keys[${index}]`;
    const key = await keys.find(kid);
    if (key === null && (await keys.get(kid)) === null) {
      throw RingbackError.at("key_not_found", field, `there is no key "${kid}"`);
    }
    const fault = key === null ? null : (protocol?.keyFault?.(key.jwk) ?? null);
    if (fault !== null) {
      throw RingbackError.at("invalid_key", field, `"${kid}" cannot be used for ${push.protocol}: ${fault}`);
    }
  }
}
