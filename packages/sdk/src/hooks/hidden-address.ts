/**
 * A rejection's reason is the text of the reply, and that may be the error page of a proxy or of a framework in debug
 * mode, which likes to print the address that was asked for. Whoever is shown the reason shall not learn it.
 */

const HIDDEN = "[callback server]";
/** A shorter path is found in ordinary text ("and/or"), and is too short for a secret. */
const pathCharsMin = 8;

/** `text` without the address of this URL: as a whole, its host with the port, its host, its path with the query. */
export function withoutAddress(text: string, url: string): string {
  let hidden = text.replaceAll(url, HIDDEN);
  for (const part of addressParts(url)) hidden = hidden.replaceAll(part, HIDDEN);
  return hidden;
}

function addressParts(url: string): readonly string[] {
  if (!URL.canParse(url)) return [];
  const { href, origin, host, hostname, port, pathname, search } = new URL(url);
  const parts = [href, origin];
  if (port !== "") parts.push(host);
  // A host without a dot, "localhost" or "tests", is a word that a reason may well have.
  if (/[.:]/.test(hostname)) parts.push(hostname, hostname.replaceAll(/[[\]]/g, ""));
  if (pathname.length + search.length >= pathCharsMin) parts.push(pathname + search);
  if (pathname.length >= pathCharsMin) parts.push(pathname);
  return parts;
}
