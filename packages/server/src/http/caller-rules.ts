import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";
import { RingbackError } from "../domain/errors.ts";
import { canonicalHost, isLoopbackHost } from "../domain/host.ts";

/**
 * A browser sends requests for every web page that it shows, also to servers that only the browser's machine can reach.
 * These rules refuse such requests. Programs other than browsers are not affected: a page cannot remove or change the
 * headers that the rules read.
 */
export interface CallerRules {
  /** The host that the server listens on. */
  readonly listenHost: string;
  /** The name of the machine. */
  readonly machineName: string;
  /** Further names of the server: canonical hosts, `*.name` for the names below a name, or `*` for every name. */
  readonly allowedHosts: readonly string[];
  /** Origins of pages that may send requests, or `*` for every page. */
  readonly allowedOrigins: readonly string[];
}

/**
 * Returns a function that throws a `RingbackError` for a request that the rules refuse. Otherwise it returns the origin
 * of the page that sent the request if `allowedOrigins` contains that origin, and null if not.
 *
 * `forwardedHost`: the host that a trusted proxy was asked for. The host that the proxy itself names is checked too,
 * because a proxy that does not set the header would pass on one of the page.
 *
 * `isPage`: the request is for a page of this server, to which every site may have a link.
 */
export function createCallerCheck(rules: CallerRules) {
  const assertOurs = assertionOf(hostRule(rules));
  const { allowedOrigins } = rules;
  const everyOrigin = allowedOrigins.includes("*");
  const isAllowed = (origin: string) => everyOrigin || allowedOrigins.includes(origin.toLowerCase());
  return (request: IncomingMessage, forwardedHost?: string, isPage = false): string | null => {
    const named = checkHosts(request, assertOurs);
    if (forwardedHost !== undefined) assertOurs(forwardedHost);
    const authority = forwardedHost ?? named;
    const { origin, "sec-fetch-site": site } = request.headers;
    if (origin !== undefined && isAllowed(origin)) return origin;
    if (origin !== undefined && !isSameOrigin(origin, authority)) throw originRefused("Origin", origin);
    // Browsers send Sec-Fetch-Site also for requests without Origin, such as those for images.
    const isOfOtherSite = site !== undefined && site !== "same-origin" && site !== "none";
    if (isOfOtherSite && !(isPage && isNavigation(request))) {
      throw originRefused("Sec-Fetch-Site", site);
    }
    return null;
  };
}

/**
 * Throws if a host that the request names is not a host of this server. Otherwise a page could let its own host name
 * resolve to this server's address (DNS rebinding), and the browser would take this server for a part of the page's
 * site. Returns the authority of the request, such as `localhost:8000`; null: the request names none, as HTTP/1.0
 * allows.
 */
function checkHosts({ rawHeaders, headers, url = "/" }: IncomingMessage, assertOurs: (authority: string) => void) {
  let count = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (rawHeaders[i]?.length === 4 && rawHeaders[i]?.toLowerCase() === "host") count++;
  }
  if (count > 1) throw new RingbackError("malformed_request", "The request has several Host headers.");
  const { host } = headers;
  if (host !== undefined) assertOurs(host);
  if (url.startsWith("/") || url === "*") return host ?? null;
  // An absolute URL instead of a path, as for a proxy. Its host overrides the header (RFC 9112 section 3.2.2).
  const target = /^[a-z][a-z\d+.-]*:\/\/([^/?#]*)/i.exec(url)?.[1] ?? "";
  assertOurs(target);
  return target;
}

/** Most requests name the host that the request before named, so the last accepted one is not checked again. */
function assertionOf(isOurHost: (host: string) => boolean): (authority: string) => void {
  let accepted: string | null = null;
  return (authority) => {
    if (authority === accepted) return;
    checkHost(authority, isOurHost);
    accepted = authority;
  };
}

function checkHost(authority: string, isOurHost: (host: string) => boolean): void {
  const host = canonicalHost(/^(.*?)(?::\d{0,5})?$/.exec(authority)?.[1] ?? "");
  if (host === null) {
    throw RingbackError.at("malformed_request", "Host", "must be a host name or an IP address, with or without a port");
  }
  if (isOurHost(host)) return;
  const advice = "if it is, add it to the setting allowedHosts (--allowed-hosts)";
  throw RingbackError.at("host_not_allowed", "Host", `"${host}" is not known as a name of this server; ${advice}`);
}

/** Names that the public DNS does not contain, so no page on the Internet has such a name (RFC 6762, RFC 8375). */
const localName = /^[^.]+$|\.(?:local|internal|home\.arpa)$/;

const isLocal = (host: string) => isLoopbackHost(host) || host.endsWith(".localhost");

function hostRule({ listenHost, machineName, allowedHosts }: CallerRules): (host: string) => boolean {
  if (allowedHosts.includes("*")) return () => true;
  const names = new Set([...allowedHosts, canonicalHost(listenHost) ?? ""]);
  const endings = allowedHosts.flatMap((name) => (name.startsWith("*.") ? [name.slice(1)] : []));
  const isConfigured = (host: string) => names.has(host) || endings.some((ending) => host.endsWith(ending));
  if (isLoopbackHost(listenHost)) return (host) => isLocal(host) || isConfigured(host);
  // Other machines reach this server by addresses and names that the server does not know, such as those of a NAT or of
  // a container network. An IP address as the host is no rebinding. A local name can be rebound only from the same
  // network, and from there the server can be reached without a browser.
  names.add(canonicalHost(machineName) ?? "");
  return (host) => isIP(host) !== 0 || localName.test(host) || isLocal(host) || isConfigured(host);
}

/** The scheme is not compared: behind a proxy with TLS, a page has the scheme `https`, and this server does not. */
function isSameOrigin(origin: string, authority: string | null): boolean {
  const page = URL.parse(origin);
  if (page === null || authority === null || !/^https?:$/.test(page.protocol)) return false;
  return URL.parse(`${page.protocol}//${authority}`)?.host === page.host;
}

/** Whether the browser opens the address in a window or a frame. The page that wanted this cannot read the answer. */
function isNavigation({ method, headers }: IncomingMessage): boolean {
  return (method === "GET" || method === "HEAD") && headers["sec-fetch-mode"] === "navigate";
}

function originRefused(header: string, value: string): RingbackError {
  const fault = `${JSON.stringify(value.slice(0, 256))} means that a web page of another site sent the request`;
  const advice = "to let a page send requests, add its origin to the setting allowedOrigins (--allowed-origins)";
  return RingbackError.at("origin_not_allowed", header, `${fault}; ${advice}`);
}
