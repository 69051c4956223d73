import { isIP } from "node:net";

/** The formats of `parseNetwork`, as the end of a sentence. */
export const networkForms = "addresses or networks in CIDR notation: 10.1.2.3, 10.0.0.0/8, fd00::/8";

/**
 * Returns the network in CIDR notation. A single address becomes a network with one address. Returns null for other
 * texts.
 */
export function parseNetwork(text: string): string | null {
  const match = /^([^/%]+?)(?:\/(\d{1,3}))?$/.exec(text.trim());
  if (match === null) return null;
  const [, address = "", prefix] = match;
  const family = isIP(address);
  if (family === 0) return null;
  const prefixMax = family === 4 ? 32 : 128;
  const bits = prefix === undefined ? prefixMax : Number(prefix);
  return bits <= prefixMax ? `${address}/${bits}` : null;
}
