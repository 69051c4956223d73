import { createRequire } from "node:module";
import type { LookupOptions } from "node:dns";
import { globalAgent } from "node:http";
import { createConnection } from "node:net";
import type { NetConnectOpts } from "node:net";

type Found = (error: Error | null, address: unknown, family?: number) => void;
type Lookup = (host: string, options: LookupOptions, found: Found) => void;

/** The module object itself, so that `node:net` uses the changed lookup too. */
const dns = createRequire(import.meta.url)("node:dns") as { lookup: Lookup };
const tencentHost = /\.api\.(?:tencentyun|qcloud)\.com$/;

/**
 * Resolves CMQ's host names to 127.0.0.1 in this process, as a line in /etc/hosts would. Replaces port 80, on which a
 * test cannot listen, by the server's port. Returns the names that were looked up.
 */
export function pointTencentHostsAt(port: () => number): ReadonlySet<string> {
  const requested = new Set<string>();
  const { lookup } = dns;
  dns.lookup = (host, options, found) => {
    if (!tencentHost.test(host)) return lookup(host, options, found);
    requested.add(host);
    if (options.all === true) found(null, [{ address: "127.0.0.1", family: 4 }]);
    else found(null, "127.0.0.1", 4);
  };
  globalAgent.createConnection = (options: NetConnectOpts & { host?: string }) =>
    createConnection(tencentHost.test(options.host ?? "") ? { ...options, port: port() } : options);
  return requested;
}
