import { isIP } from "node:net";
import ipaddr from "ipaddr.js";
import { RingbackError } from "../domain/errors.ts";
import { canonicalNetwork, networkForms, parseAddress, withoutTranslation } from "../domain/ip-network.ts";
import { metadataNetworks, privateNetworks, refusedNetworks } from "./networks.ts";

export interface AddressPolicy {
  /** True: endpoints may be in private networks. Other special addresses are denied in any case. Default: false. */
  readonly allowPrivateNetworks?: boolean | undefined;
  /** Addresses and networks (CIDR) that are always allowed. An invalid entry leads to the error `invalid_request`. */
  readonly allowedAddresses?: readonly string[] | undefined;
}

/** Returns true if Ringback may connect to this IP address, and false for a text that is not an IP address. */
export type AddressGuard = (address: string) => boolean;

type Address = ipaddr.IPv4 | ipaddr.IPv6;
type Network = readonly [Address, number];

const networkOf = (cidr: string): Network => ipaddr.parseCIDR(cidr);
const refused = refusedNetworks.map(networkOf);
const privates = privateNetworks.map(networkOf);
const metadata = metadataNetworks.map(networkOf);
const globalUnicastV6 = networkOf("2000::/3");

export function createAddressGuard({
  allowPrivateNetworks = false,
  allowedAddresses = [],
}: AddressPolicy): AddressGuard {
  const allowed = allowedAddresses.map(parseAllowed);

  function permits(address: Address): boolean {
    if (isIn(address, allowed)) return true;
    if (isIn(address, metadata) || isIn(address, refused)) return false;
    if (isIn(address, privates)) return allowPrivateNetworks;
    if (address instanceof ipaddr.IPv4) return true;
    return matches(address, globalUnicastV6);
  }

  return (text) => isIP(text) !== 0 && permits(withoutTranslation(parseAddress(text)));
}

function isIn(address: Address, networks: readonly Network[]): boolean {
  return networks.some((network) => matches(address, network));
}

function matches(address: Address, [base, bits]: Network): boolean {
  return address.kind() === base.kind() && address.match(base, bits);
}

function parseAllowed(text: string): Network {
  const network = canonicalNetwork(text);
  if (network === null) {
    throw RingbackError.at("invalid_request", "allowedAddresses", `"${text}" is not valid; give ${networkForms}`);
  }
  return networkOf(network);
}
