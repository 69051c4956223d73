import { BlockList, isIP } from "node:net";

const nameForm = /^(?=.{1,253}$)[a-z\d_](?:[a-z\d_-]{0,62})(?:\.[a-z\d_][a-z\d_-]{0,62})*$/;

const loopback = new BlockList();
loopback.addSubnet("127.0.0.0", 8, "ipv4");
loopback.addAddress("::1", "ipv6");

/**
 * Returns a host name in lower case and without the dot at its end, or an IP address in its shortest form and without
 * brackets. Returns null if the text is neither.
 */
export function canonicalHost(text: string): string | null {
  const [, bracketed] = /^\[([^\]]*)\]$/.exec(text) ?? [];
  // A zone id names a network interface of the client, so it says nothing about the host.
  const address = (bracketed ?? text).replace(/%.*$/, "");
  if (isIP(address) === 6) return URL.parse(`http://[${address}]`)?.hostname.slice(1, -1) ?? null;
  if (bracketed !== undefined) return null;
  const name = text.toLowerCase().replace(/\.$/, "");
  return nameForm.test(name) ? name : null;
}

/** True if only programs on this machine can reach the host. `localhost` is the only host name with this result. */
export function isLoopbackHost(host: string): boolean {
  const family = isIP(host);
  // The list also matches an IPv4 address that is written as an IPv6 address, such as ::ffff:127.0.0.1.
  return family === 0 ? host.toLowerCase() === "localhost" : loopback.check(host, family === 6 ? "ipv6" : "ipv4");
}
