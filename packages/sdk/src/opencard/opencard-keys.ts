/** The keys of a receiver, as a program writes them. */

import type { Jwk, ProtocolKey } from "../protocols/key.ts";
import { opencardKeyFault } from "../protocols/opencard-key.ts";

/**
 * Keys by kid. A key is a JWK, or the member `k` of a JWK. During a key rotation the old and the new key are both
 * listed.
 */
export type OpencardKeys = Readonly<Record<string, Jwk | string>>;

/** Checks and converts the keys. Throws a TypeError that names the kid and contains no part of the key. */
export function protocolKeysOf(keys: OpencardKeys): readonly ProtocolKey[] {
  return Object.entries(keys).map(([kid, key]) => {
    const jwk = typeof key === "string" ? { kty: "oct", k: key } : key;
    const fault = opencardKeyFault(jwk);
    if (fault !== null) throw new TypeError(`keys: ${JSON.stringify(kid)}: ${fault}`);
    return { kid, jwk };
  });
}
