/**
 * Hides the addresses of a hook in a rejection's reason. The reason is the text of a reply, and the reply can be the
 * error page of a proxy or of a framework. Such pages print the URL of the request as HTML, as JSON or percent-encoded.
 *
 * Ordinary words stay readable: a short path or a host called "tests" is hidden only where the text around it shows
 * that it is part of an address.
 */

import { readReasonCharsMax, shortReason } from "../protocols/reject-reason.ts";

const HIDDEN = "[callback server]";
/** Shorter paths occur in ordinary text, for example in "and/or". */
const pathCharsMin = 8;
/** Shorter segments, names and values occur in ordinary text. */
const secretCharsMin = 4;
/**
 * Segments, names (`wordCharsMin`) and values (`valueWordCharsMin`) that are only letters or only digits are hidden
 * from this length on.
 */
const wordCharsMin = 10;
const valueWordCharsMin = 6;
/**
 * Three layers of escapes occur in practice: a URL inside another URL's query, in an HTML attribute, in a JSON string.
 */
const escapeLayersMax = 3;

/**
 * Returns `reason` without these addresses, cut to the length that people are shown. If a reason contains an address,
 * its escapes (`%2F`, `&amp;`, `\/`) are decoded in the result. Any other reason is returned unchanged.
 */
export function withoutAddresses(reason: string, urls: readonly string[]): string {
  const written = reason.slice(0, readReasonCharsMax);
  const plain = withAsciiHosts(decoded(written), urls);
  const parts = partsOf(urls);
  let hidden = "";
  let end = 0;
  for (const { 0: found, index } of inLowerCase(plain).matchAll(patternOf(parts))) {
    hidden += plain.slice(end, index) + HIDDEN;
    end = index + found.length;
  }
  if (end === 0) return shortReason(written);
  hidden += plain.slice(end);
  // The read text has a maximum length. At that length the text may end in the middle of an address, and the pattern
  // does not match a cut address.
  const cutChars = written.length < readReasonCharsMax ? 0 : Math.max(...parts.anywhere.map(({ length }) => length));
  return shortReason(hidden.slice(0, Math.max(0, hidden.length - cutChars)));
}

const escapes = /(?:%[\da-f]{2})+|&(?:amp|#\d{1,7}|#x[\da-f]{1,6});|\\(?:u[\da-f]{4}|x[\da-f]{2}|["'/\\])/gi;
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

function decoded(text: string): string {
  let plain = text;
  for (let layer = 0; layer < escapeLayersMax; layer++) plain = plain.replace(escapes, unescaped);
  return plain;
}

const hexadecimal = (digits: string): number => Number.parseInt(digits, 16);

function unescaped(escape: string): string {
  if (escape.startsWith("%")) return decoder.decode(Uint8Array.from(escape.slice(1).split("%"), hexadecimal));
  if (escape.startsWith("&#")) {
    const codePoint = Number(`0${escape.slice(2, -1)}`);
    return codePoint <= 0x10ffff ? String.fromCodePoint(codePoint) : escape;
  }
  if (escape.startsWith("&")) return "&";
  return escape.length === 2 ? escape.slice(1) : String.fromCharCode(hexadecimal(escape.slice(2)));
}

/** Returns the text in lower case with the same length. "İ" is the only character that is longer in lower case. */
function inLowerCase(text: string): string {
  return text.replaceAll("İ", "i").toLowerCase();
}

/** Replaces the Unicode form of the URLs' hosts by the ASCII form (`xn--…`) that `URL` uses. */
function withAsciiHosts(text: string, urls: readonly string[]): string {
  const hosts = urls.map(hostOf).filter((host) => host.includes("xn--"));
  if (hosts.length === 0) return text;
  return text.replace(/[\p{L}\p{M}\p{N}.-]+/gu, (name) => {
    const host = /[^\0-\x7f]/.test(name) ? hostOf(`http://${name}`) : "";
    return hosts.includes(host) ? host : name;
  });
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).hostname : "";
}

/** Parts of addresses in lower case, grouped by the context in which a part is matched. */
interface Parts {
  readonly anywhere: string[];
  /** Parts that are matched only if no ASCII letter or digit precedes or follows. */
  readonly alone: string[];
  /**
   * Hosts that may be ordinary words. A host is matched only after the text that resolvers, clients and proxies print
   * before hosts.
   */
  readonly labelled: string[];
}

/**
 * Returns a pattern for all parts. Longer parts come first, so that the longest of several parts at the same index is
 * matched.
 */
function patternOf({ anywhere, alone, labelled }: Parts): RegExp {
  const [before, after] = ["(?<![a-z\\d])", "(?![a-z\\d])"];
  const label = "(?<=//|@|\\b(?:enotfound|eai_again|host|hostname|server):? [\"']?)";
  const patterns = [anyOf(anywhere), before + anyOf(alone) + after, label + anyOf(labelled) + after];
  return new RegExp(patterns.join("|"), "g");
}

function anyOf(parts: readonly string[]): string {
  if (parts.length === 0) return "(?!)";
  const longestFirst = [...new Set(parts)].toSorted((one, other) => other.length - one.length);
  return `(?:${longestFirst.map((part) => part.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&")).join("|")})`;
}

function partsOf(urls: readonly string[]): Parts {
  const [anywhere, alone, labelled]: [string[], string[], string[]] = [[], [], []];
  for (const url of urls) {
    anywhere.push(decoded(url));
    if (!URL.canParse(url)) continue;
    const { href, origin, hostname, port, pathname, search } = new URL(url);
    anywhere.push(decoded(href), decoded(origin + pathname), origin);
    for (const host of [hostname, hostname.replace(/[[\]]/g, "")]) {
      if (port !== "") anywhere.push(`${host}:${port}`);
      if (/[.:]/.test(host)) anywhere.push(host);
      else if (host !== "localhost") (/[^a-z]/.test(host) ? alone : labelled).push(host);
    }
    for (const path of [decoded(pathname + search), decoded(pathname)]) {
      if (path.length > 1) (path.length < pathCharsMin ? alone : anywhere).push(path);
    }
    const pairs = [search, search.replaceAll("+", " ")].flatMap((query) => query.slice(1).split("&"));
    const names = [...pathname.split("/"), ...pairs.map((pair) => pair.split("=", 1).join())].map(decoded);
    const values = pairs.flatMap((pair) => [pair, pair.slice(pair.indexOf("=") + 1)]).map(decoded);
    alone.push(...names.filter((name) => isDistinctive(name, wordCharsMin)));
    alone.push(...values.filter((value) => isDistinctive(value, valueWordCharsMin)));
  }
  return { anywhere: anywhere.map(inLowerCase), alone: alone.map(inLowerCase), labelled };
}

/** Whether the text is unlikely to be part of an ordinary sentence, because it is long or does not look like a word. */
function isDistinctive(text: string, wordChars: number): boolean {
  return text.length >= (/^(?:\p{L}*|\d*)$/u.test(text) ? wordChars : secretCharsMin);
}
