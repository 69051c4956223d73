/** CMQ's rules for tags, routing keys and binding keys. They are narrower than Ringback's. */

import { headerTextFault, isLongerThanBytes } from "../../domain/text-rules.ts";
import { cmqLimits } from "./cmq-limits.ts";
import { CmqError, type CmqErrorKey } from "./errors.ts";
import type { Parameters } from "./parameters.ts";

/** Returns null if the request gives no tags. */
export function tagsOf(parameters: Parameters, name: string, tooMany: CmqErrorKey): readonly string[] | null {
  const tags = parameters.list(name, cmqLimits.tagsMax, tooMany);
  for (const tag of tags ?? []) {
    const length = Array.from(tag).length;
    if (length === 0 || length > cmqLimits.tagCharsMax) {
      throw new CmqError("outOfRange", `each ${name} must have 1 to ${cmqLimits.tagCharsMax} characters`);
    }
  }
  return tags;
}

/** Returns null if the request gives no binding keys. */
export function bindingKeysOf(parameters: Parameters): readonly string[] | null {
  const keys = parameters.list("bindingKey", cmqLimits.bindingKeysMax, "tooManyBindingKeys");
  for (const key of keys ?? []) assertKey("bindingKey", key);
  return keys;
}

export function routingKeyOf(parameters: Parameters): string {
  const key = parameters.text("routingKey");
  if (key === null) throw new CmqError("routingKeyMissing");
  assertKey("routingKey", key);
  return key;
}

function assertKey(name: string, key: string): void {
  if (key.split(".").length > cmqLimits.routingKeyDotsMax + 1) throw new CmqError("tooManyDots");
  const fault = isLongerThanBytes(key, cmqLimits.routingKeyBytesMax)
    ? `must have 1 to ${cmqLimits.routingKeyBytesMax} bytes`
    : headerTextFault(key);
  if (fault !== null) throw new CmqError("outOfRange", `${name} ${fault}`);
}
