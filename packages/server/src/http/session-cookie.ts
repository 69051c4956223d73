import type { FastifyRequest } from "fastify";

/**
 * The cookie with the token of an API key. The page's own program cannot read it (`HttpOnly`), and no other site's page
 * can have it sent (`SameSite=Strict`). Browsers accept the prefix `__Host-` only over TLS, for this host alone.
 */
const names = { secure: "__Host-ringback-session", plain: "ringback-session" } as const;

/** How long a browser keeps a cookie that outlives it. */
const rememberedS = 30 * 24 * 3600;

/** Sent by the dashboard with each request. A form or an image of another page cannot send a header of its own. */
export const csrfHeader = "ringback-csrf";

/** Returns the token in the cookie of the request; null: there is none. */
export function sessionToken({ headers, protocol }: Pick<FastifyRequest, "headers" | "protocol">): string | null {
  const { cookie } = headers;
  if (cookie === undefined) return null;
  const name = nameFor(protocol);
  for (const part of cookie.split(";")) {
    const [given = "", value = ""] = part.trim().split("=", 2);
    if (given === name) return value;
  }
  return null;
}

export function sessionCookie(protocol: string, token: string, isRemembered: boolean): string {
  return cookieOf(protocol, token, isRemembered ? `; Max-Age=${rememberedS}` : "");
}

/** Removes the cookie from the browser. */
export function noSessionCookie(protocol: string): string {
  return cookieOf(protocol, "", "; Max-Age=0");
}

function cookieOf(protocol: string, value: string, lifetime: string): string {
  const secure = protocol === "https" ? "; Secure" : "";
  return `${nameFor(protocol)}=${value}; Path=/; HttpOnly; SameSite=Strict${secure}${lifetime}`;
}

function nameFor(protocol: string): string {
  return protocol === "https" ? names.secure : names.plain;
}

/**
 * True if the page that sent the request is of this server. A browser says so in `Sec-Fetch-Site`; a request without
 * that header comes from an old browser or from no browser. What changes something also needs `Ringback-Csrf`.
 */
export function isOfOwnPage({ method, headers }: Pick<FastifyRequest, "method" | "headers">): boolean {
  const { "sec-fetch-site": site = "same-origin" } = headers;
  if (site !== "same-origin" && site !== "none") return false;
  return method === "GET" || method === "HEAD" || headers[csrfHeader] !== undefined;
}
