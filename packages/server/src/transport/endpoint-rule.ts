import { isIP } from "node:net";
import { RingbackError } from "../domain/errors.ts";
import type { AddressGuard } from "./address-guard.ts";
import { parseTarget } from "./endpoint.ts";

/**
 * Throws `invalid_url` if the URL's host is an IP address that the guard refuses, in any spelling. Every POST to such a
 * URL would fail. The addresses of a host name can change, so they are checked for each connection only.
 */
export type EndpointRule = (field: string, url: string) => void;

export function createEndpointRule(permits: AddressGuard): EndpointRule {
  return (field, url) => {
    const address = literalAddress(url);
    if (address === null || permits(address)) return;
    const fault =
      `names the address ${address}, to which this server does not connect; ` +
      "the settings allowPrivateNetworks and allowedAddresses decide which addresses are allowed";
    throw RingbackError.at("invalid_url", field, fault);
  };
}

/** Returns the IP address of a URL without the brackets of IPv6; null for a host name or a queue. */
function literalAddress(url: string): string | null {
  const { host } = URL.parse(parseTarget(url).origin) ?? {};
  if (host === undefined) return null;
  // Only for http does URL parsing normalise the spelling of an address: 0x7f.1 becomes 127.0.0.1.
  const hostname = URL.parse(`http://${host}`)?.hostname.replace(/^\[|\]$/g, "") ?? "";
  return isIP(hostname) === 0 ? null : hostname;
}
