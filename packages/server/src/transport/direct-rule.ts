import ipaddr from "ipaddr.js";
import { canonicalNetwork, parseAddress } from "../domain/ip-network.ts";

/** Returns true if connections to this host do not use the egress proxy. */
export type DirectRule = (hostname: string, addresses: readonly string[]) => boolean;

/**
 * `exceptions`: networks (CIDR), addresses and host names. A name with the prefix `*.` stands for all names below it. A
 * host is in a network if all of its addresses are.
 */
export function createDirectRule(exceptions: readonly string[]): DirectRule {
  const networks = exceptions.flatMap((text) => {
    const network = canonicalNetwork(text);
    return network === null ? [] : [ipaddr.parseCIDR(network)];
  });
  const names = new Set(exceptions.map((text) => text.toLowerCase()));
  const suffixes = [...names].filter((name) => name.startsWith("*.")).map((name) => name.slice(1));
  const isInNetwork = (text: string): boolean => {
    const address = parseAddress(text);
    return networks.some(([base, bits]) => address.kind() === base.kind() && address.match(base, bits));
  };

  return (hostname, addresses) => {
    const name = hostname.toLowerCase().replace(/\.$/, "");
    if (names.has(name) || suffixes.some((suffix) => name.endsWith(suffix))) return true;
    return networks.length > 0 && addresses.every(isInNetwork);
  };
}
