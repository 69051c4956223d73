import { canonicalHost } from "../domain/host.ts";

/** The formats of `parseHostPattern`, as the end of a sentence. */
export const hostForms =
  "host names or IP addresses without a port: ringback.example.com, *.example.com for all names below example.com, or * for every name";

/** Returns the canonical form of the host. Returns null for other texts. */
export function parseHostPattern(text: string): string | null {
  if (text === "*") return text;
  const below = text.startsWith("*.");
  const host = canonicalHost(below ? text.slice(2) : text);
  return host === null || !below ? host : `*.${host}`;
}

/** The formats of `parseOrigin`, as the end of a sentence. */
export const originForms =
  "origins, which are a scheme, a host and the port if it is not the scheme's own: https://console.example.com, http://localhost:5173, or * for every page";

/** Returns the origin in the form in which browsers send it. Returns null for other texts. */
export function parseOrigin(text: string): string | null {
  if (text === "*") return text;
  const [, origin] = /^([a-z][a-z\d+.-]*:\/\/[^\s/?#@\\]+)\/?$/i.exec(text) ?? [];
  const url = origin === undefined ? null : URL.parse(origin);
  if (origin === undefined || url === null) return null;
  // Other schemes, such as those of browser extensions, have no origin in the URL standard.
  return url.origin === "null" ? origin.toLowerCase() : url.origin;
}
