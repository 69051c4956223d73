/** The keys that a receiver goes by, as a program writes them down. */

import type { Jwk, ProtocolKey } from "../protocols/key.ts";
import { opencardKeyFault } from "../protocols/opencard-key.ts";

/** By kid: a JWK, or the `k` of one. Several at once while a key is being changed. */
export type OpencardKeys = Readonly<Record<string, Jwk | string>>;

/** Throws a TypeError that names the kid and holds nothing of the key. */
export function protocolKeysOf(keys: OpencardKeys): readonly ProtocolKey[] {
  return Object.entries(keys).map(([kid, key]) => {
    const jwk = typeof key === "string" ? { kty: "oct", k: key } : key;
    const fault = opencardKeyFault(jwk);
    if (fault !== null) throw new TypeError(`keys: ${JSON.stringify(kid)}: ${fault}`);
    return { kid, jwk };
  });
}
