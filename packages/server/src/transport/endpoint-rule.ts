import { isIP } from "node:net";
import { RingbackError } from "../domain/errors.ts";
import type { AddressGuard } from "./address-guard.ts";
import { parseTarget } from "./endpoint.ts";

/**
 * Throws `invalid_url` if the URL's host is an IP address that the guard refuses, in any spelling, or the name
 * `localhost` of such an address. Every POST to such a URL would fail. The addresses of other host names can change, so
 * they are checked for each connection only.
 */
export type EndpointRule = (field: string, url: string) => void;

export function createEndpointRule(permits: AddressGuard): EndpointRule {
  return (field, url) => {
    const { hostname, addresses } = certainAddresses(url);
    if (addresses.length === 0 || addresses.some(permits)) return;
    const fault =
      `names the address ${hostname}, to which this server does not connect; ` +
      "the settings allowPrivateNetworks and allowedAddresses decide which addresses are allowed";
    throw RingbackError.at("invalid_url", field, fault);
  };
}

/** Returns the addresses that no resolver can change. Returns none for most host names and for a queue. */
function certainAddresses(url: string): { hostname: string; addresses: readonly string[] } {
  const { host } = URL.parse(parseTarget(url).origin) ?? {};
  // Only for http does URL parsing normalise the spelling of an address: 0x7f.1 becomes 127.0.0.1.
  const parsed = host === undefined ? null : URL.parse(`http://${host}`);
  const hostname = parsed?.hostname.replace(/^\[|\]$/g, "") ?? "";
  if (isIP(hostname) !== 0) return { hostname, addresses: [hostname] };
  return { hostname, addresses: isLocalhost(hostname) ? ["127.0.0.1", "::1"] : [] };
}

/** RFC 6761 section 6.3: `localhost` and all names below it are loopback addresses. */
function isLocalhost(hostname: string): boolean {
  return /(?:^|\.)localhost\.?$/.test(hostname);
}
