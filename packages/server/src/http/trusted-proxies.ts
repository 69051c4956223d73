import { BlockList, isIP } from "node:net";
import type { FastifyRequest } from "fastify";
import { parseAddress, withoutTranslation } from "../domain/ip-network.ts";

/** Returns a function that recognises the addresses of reverse proxies. `networks`: in CIDR notation. */
export function createProxyTrust(networks: readonly string[]): (address: string) => boolean {
  const trusted = new BlockList();
  for (const network of networks) {
    const [address = "", bits] = network.split("/");
    trusted.addSubnet(address, Number(bits), isIP(address) === 6 ? "ipv6" : "ipv4");
  }
  return (text) => {
    const address = addressIn(text);
    return address !== null && trusted.check(address, isIP(address) === 6 ? "ipv6" : "ipv4");
  };
}

/**
 * Returns the address of the client that sent the request, in its shortest form. `X-Forwarded-For` counts only as far
 * as trusted proxies wrote it: the result is the last address in it that is not of a trusted proxy. An entry that is
 * not an address, such as `unknown`, ends the search, and the result is the proxy that wrote the entry.
 */
export function clientAddressOf(request: Pick<FastifyRequest, "ip" | "ips">): string {
  const hops = request.ips ?? [request.ip];
  return hops.map(addressIn).findLast((address) => address !== null) ?? "unknown";
}

/** Returns the IP address of an entry, which may have a port. Returns null for other texts. */
function addressIn(text: string | undefined): string | null {
  const [, v6, v4] = /^(?:\[([^\]]+)\](?::\d+)?|(\d+\.\d+\.\d+\.\d+):\d+)$/.exec(text ?? "") ?? [];
  const address = v6 ?? v4 ?? text ?? "";
  return isIP(address) === 0 ? null : withoutTranslation(parseAddress(address)).toString();
}
