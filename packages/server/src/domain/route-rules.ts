/** Routing keys of messages and binding keys of subscriptions: words between dots, as short as CMQ has them. */

import type { ErrorCode } from "./errors.ts";
import { RingbackError } from "./errors.ts";
import { limits } from "./limits.ts";
import { carriedTextFault, isLongerThanBytes } from "./text-rules.ts";

export function assertRoutingKey(field: string, key: string): void {
  assertKey("invalid_routing_key", field, key, limits.routingKeyBytesMax);
}

/** `*` and `#` are wildcards where they stand alone as a word, and ordinary characters within one, as in AMQP. */
export function assertBindingKeys(field: string, keys: readonly string[]): void {
  if (keys.length > limits.bindingKeysMax) {
    const fault = `holds ${keys.length} binding keys; at most ${limits.bindingKeysMax} are allowed`;
    throw RingbackError.at("invalid_binding_key", field, fault);
  }
  for (const [index, key] of keys.entries()) {
    assertKey("invalid_binding_key", `${field}[${index}]`, key, limits.bindingKeyBytesMax);
  }
}

function assertKey(code: ErrorCode, field: string, key: string, bytesMax: number): void {
  if (isLongerThanBytes(key, bytesMax)) throw RingbackError.at(code, field, `must have 1 to ${bytesMax} bytes`);
  const fault = carriedTextFault(key);
  if (fault !== null) throw RingbackError.at(code, field, fault);
  if (key.split(".").length - 1 > limits.routingKeyDotsMax) {
    throw RingbackError.at(code, field, `must have at most ${limits.routingKeyDotsMax} dots`);
  }
}
