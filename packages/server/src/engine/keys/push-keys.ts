import { findPushProtocol } from "@ringback/sdk/protocols";
import { RingbackError } from "../../domain/errors.ts";
import type { SubscriptionSettings } from "../../domain/model.ts";
import type { Keys } from "./keys.ts";

/**
 * A subscription names only keys that there are and that its dialect can sign with; of one that no master key at hand
 * opens only the first can be told. Throws `key_not_found` and `invalid_key`.
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
      throw RingbackError.at("invalid_key", field, `"${kid}" is no key for ${push.protocol}: ${fault}`);
    }
  }
}
