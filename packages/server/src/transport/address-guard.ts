import { isIP } from "node:net";
import ipaddr from "ipaddr.js";
import { RingbackError } from "../domain/errors.ts";
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
const mappedV4 = networkOf("::ffff:0:0/96");
const nat64 = networkOf("64:ff9b::/96");

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
    // RFC 6052: these IPv6 addresses are translated to the IPv4 address in their last four bytes, so the guard checks
    // that IPv4 address.
    if (matches(address, nat64)) return permits(lastFourBytes(address));
    return matches(address, globalUnicastV6);
  }

  return (text) => isIP(text) !== 0 && permits(unmapped(ipaddr.parse(text)));
}

/** Converts ::ffff:a.b.c.d to a.b.c.d, because a socket connects to the same host for both. */
function unmapped(address: Address): Address {
  return address instanceof ipaddr.IPv6 && matches(address, mappedV4) ? lastFourBytes(address) : address;
}

function lastFourBytes(address: ipaddr.IPv6): ipaddr.IPv4 {
  return new ipaddr.IPv4(address.toByteArray().slice(12));
}

function isIn(address: Address, networks: readonly Network[]): boolean {
  return networks.some((network) => matches(address, network));
}

function matches(address: Address, [base, bits]: Network): boolean {
  return address.kind() === base.kind() && address.match(base, bits);
}

function parseAllowed(text: string): Network {
  const [address = "", prefix, ...rest] = text.split("/");
  const family = isIP(address);
  const bitsMax = family === 4 ? 32 : 128;
  const bits = prefix === undefined ? bitsMax : /^\d{1,3}$/.test(prefix) ? Number(prefix) : Number.NaN;
  if (family === 0 || rest.length > 0 || !(bits <= bitsMax)) {
    throw RingbackError.at(
      "invalid_request",
      "allowedAddresses",
      `"${text}" is neither an IP address nor a network in CIDR notation`,
    );
  }
  const base = ipaddr.parse(address);
  const plain = unmapped(base);
  // A network of IPv4-mapped IPv6 addresses becomes a network of IPv4 addresses, whose prefix is 96 bits shorter.
  return plain.kind() === base.kind() ? [base, bits] : [plain, Math.max(bits - 96, 0)];
}
