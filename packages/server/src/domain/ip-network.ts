import { isIP } from "node:net";
import ipaddr from "ipaddr.js";
import { canonicalHost } from "./host.ts";

type Address = ipaddr.IPv4 | ipaddr.IPv6;

/** IPv6 addresses that stand for the IPv4 address in their last four bytes. Both reach the same host. */
const mappedV4 = ipaddr.IPv6.parseCIDR("::ffff:0:0/96");
/** IPv6 addresses that a gateway translates to the IPv4 address in their last four bytes (RFC 6052). */
const nat64 = ipaddr.IPv6.parseCIDR("64:ff9b::/96");
/** Deprecated forms with an IPv4 address inside: compatible addresses (RFC 4291 2.5.5.1) and 6to4 (RFC 3056). */
const deprecated = [ipaddr.IPv6.parseCIDR("::/96"), ipaddr.IPv6.parseCIDR("2002::/16")];
const prefixOfV4 = 96;

/**
 * Returns the parsed IP address. The text must be one for `isIP`. ipaddr.js alone would take the IPv6 address
 * `::1.2.3.4` for `::ffff:1.2.3.4`.
 */
export function parseAddress(text: string): Address {
  return ipaddr.parse(canonicalHost(text) ?? text);
}

/** Returns the IPv4 address that an IPv6 address stands for. Returns other addresses unchanged. */
export function withoutTranslation(address: Address): Address {
  if (address.kind() === "ipv4" || !isTranslated(address)) return address;
  return new ipaddr.IPv4(address.toByteArray().slice(prefixOfV4 / 8));
}

function isTranslated(address: Address): boolean {
  return address instanceof ipaddr.IPv6 && (address.match(mappedV4) || address.match(nat64));
}

/** The formats of `canonicalNetwork`, as the end of a sentence. */
export const networkForms =
  "addresses or networks in CIDR notation without bits after the prefix: 10.1.2.3, 10.0.0.0/8, fd00::/8";

/**
 * Returns the network in CIDR notation. A single address becomes a network with one address. An IPv4 network that is
 * written as IPv6 becomes an IPv4 network. Returns null for other texts, and for networks whose meaning is not certain:
 * an address with bits after its prefix (`10.1.2.3/8`, `::ffff:10.0.0.0/8`), and deprecated forms.
 */
export function canonicalNetwork(text: string): string | null {
  const [, address = "", prefix] = /^([^/%]+?)(?:\/(0|[1-9]\d{0,2}))?$/.exec(text.trim()) ?? [];
  const family = isIP(address);
  if (family === 0) return null;
  const bitsMax = family === 4 ? 32 : 128;
  const bits = prefix === undefined ? bitsMax : Number(prefix);
  if (bits > bitsMax) return null;
  const base = parseAddress(address);
  if (hasBitsAfter(base, bits) || isDeprecated(base)) return null;
  const plain = withoutTranslation(base);
  if (plain === base) return `${base.toString()}/${bits}`;
  return bits < prefixOfV4 ? null : `${plain.toString()}/${bits - prefixOfV4}`;
}

function hasBitsAfter(address: Address, bits: number): boolean {
  return address.toByteArray().some((byte, i) => (byte & (0xff >> Math.min(Math.max(bits - i * 8, 0), 8))) !== 0);
}

function isDeprecated(address: Address): boolean {
  if (!(address instanceof ipaddr.IPv6) || ["::", "::1"].includes(address.toString())) return false;
  return deprecated.some((range) => address.match(range));
}
