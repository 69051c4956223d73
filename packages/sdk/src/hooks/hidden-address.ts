/**
 * A rejection's reason is the text of the reply, and that may be the error page of a proxy or of a framework in debug
 * mode, which likes to print the address that was asked for. Whoever is shown the reason shall not learn it, in whichever
 * letters, escapes and pieces it is printed.
 *
 * What is an ordinary word stays, since a reason has words: a path of one letter, a host called "tests". They are taken
 * out where they stand as an address does.
 */

import { readReasonCharsMax, shortReason } from "../protocols/reject-reason.ts";
import { plainText } from "./plain-text.ts";
import { unicodeHost } from "./unicode-host.ts";

const HIDDEN = "[callback server]";
/** A shorter path is found inside ordinary text ("and/or"), so it counts only where no letter stands around it. */
const pathCharsMin = 8;
/** Of a value, a name or a segment that stands alone: shorter ones are words and numbers of every text. */
const secretCharsMin = 4;
/** A word of small letters alone is a secret only when it is longer than words of ordinary text mostly are. */
const wordCharsMin = 10;
const valueWordCharsMin = 6;
/** What one address takes at most, each of its characters written with several: what a cut may have gone through. */
const addressCharsMax = readReasonCharsMax / 2;

/**
 * `text` without the address of this URL, cut to what is shown. To be used over several URLs with `urls.reduce`: then it
 * is cut after the last one, so that no cut leaves a part of an address that is not known as one any more.
 */
export function withoutAddress(text: string, url: string, at = 0, urls: readonly string[] = [url]): string {
  const read = text.slice(0, readReasonCharsMax);
  const shownUpTo = text.length > read.length ? read.length - addressCharsMax : read.length;
  const hidden = hiddenIn(read, addressParts(url), shownUpTo);
  return at === urls.length - 1 ? shortReason(hidden) : hidden;
}

/** A part of an address, in small letters and without escapes. */
interface Part {
  readonly text: string;
  /** Only where no letter or digit goes on with it. */
  readonly alone: boolean;
  /** How much of the text is no part of the address but shows that one follows. */
  readonly leadChars?: number;
}

function hiddenIn(text: string, parts: readonly Part[], shownUpTo: number): string {
  const plain = plainText(text);
  const spans = parts
    .flatMap((part) => occurrences(plain.text, part))
    .map(([start, end]) => [plain.starts[start] ?? 0, plain.ends[end - 1] ?? 0] as const)
    .toSorted(([one, oneEnd], [other, otherEnd]) => one - other || otherEnd - oneEnd);
  let shown = "";
  let taken = 0;
  for (const [start, end] of spans) {
    if (end <= taken) continue;
    if (start >= shownUpTo) break;
    // What overlaps is one address: its second half is hidden with the first.
    if (start >= taken) shown += text.slice(taken, start) + HIDDEN;
    taken = end;
  }
  return shown + text.slice(taken, Math.max(shownUpTo, taken));
}

function occurrences(text: string, { text: part, alone, leadChars = 0 }: Part): (readonly [number, number])[] {
  const found: (readonly [number, number])[] = [];
  for (let at = text.indexOf(part); at !== -1; at = text.indexOf(part, at + 1)) {
    if (!alone || standsAlone(text, at, at + part.length)) found.push([at + leadChars, at + part.length]);
  }
  return found;
}

const letterOrDigit = /[a-z\d]/;
const wordOrPath = /[a-z\d/]/;

/** Neither inside a word, nor a path's beginning that is the second half of "and/or". */
function standsAlone(text: string, start: number, end: number): boolean {
  const goesOnBefore = letterOrDigit.test(text.charAt(start - 1)) && wordOrPath.test(text.charAt(start));
  const goesOnBehind = letterOrDigit.test(text.charAt(end - 1)) && letterOrDigit.test(text.charAt(end));
  return !goesOnBefore && !goesOnBehind;
}

/** The parts of this URL that give it away. Longer ones come first where both begin at one place. */
function addressParts(url: string): readonly Part[] {
  const whole = [plainText(url).text];
  if (!URL.canParse(url)) return parts(whole, false);
  const parsed = new URL(url);
  whole.push(plainText(parsed.href).text, plainText(parsed.origin).text);
  return [...parts(whole, false), ...hostParts(url, parsed), ...pathParts(parsed), ...queryParts(parsed)];
}

function parts(texts: readonly string[], alone: boolean): readonly Part[] {
  return texts.filter((text) => text !== "").map((text) => ({ text, alone }));
}

/** What resolvers, clients and proxies print a host's name behind. */
const hostLeads = [
  "//",
  "@",
  "enotfound ",
  "eai_again ",
  "host ",
  "host: ",
  "host '",
  'host "',
  "hostname ",
  "server ",
];

function hostParts(url: string, { hostname, port }: URL): readonly Part[] {
  const written = /^[a-z]+:\/\/(?:[^/?#@]*@)?(\[[^\]]*\]|[^/?#:]*)/i.exec(url)?.[1] ?? "";
  const names = [hostname, hostname.replaceAll(/[[\]]/g, ""), unicodeHost(hostname), plainText(written).text];
  const found: Part[] = [];
  for (const name of new Set(names.map((name) => name.toLowerCase()).filter((name) => name !== ""))) {
    if (port !== "") found.push({ text: `${name}:${port}`, alone: false });
    if (/[.:]/.test(name)) found.push({ text: name, alone: false });
    // A host without a dot may be a word that a reason has; "localhost" says nothing of anybody.
    else if (name !== "localhost") {
      if (/[^\p{L}]/u.test(name)) found.push({ text: name, alone: true });
      for (const lead of hostLeads) found.push({ text: lead + name, alone: true, leadChars: lead.length });
    }
  }
  return found;
}

function pathParts({ pathname, search }: URL): readonly Part[] {
  const found: Part[] = [];
  for (const path of [pathname + search, pathname]) {
    const text = plainText(path).text;
    if (text.length > 1) found.push({ text, alone: text.length < pathCharsMin });
  }
  for (const segment of pathname.split("/")) {
    const text = plainText(segment).text;
    if (isTelling(text, wordCharsMin)) found.push({ text, alone: true });
  }
  return found;
}

function queryParts({ search }: URL): readonly Part[] {
  const found: Part[] = [];
  if (search.length >= secretCharsMin) found.push({ text: plainText(search).text, alone: true });
  for (const pair of search.slice(1).split("&")) {
    const equals = pair.indexOf("=");
    const [name, value] = equals === -1 ? ["", pair] : [pair.slice(0, equals), pair.slice(equals + 1)];
    if (equals !== -1 && pair.length >= secretCharsMin) found.push({ text: plainText(pair).text, alone: true });
    if (isTelling(plainText(name).text, wordCharsMin)) found.push({ text: plainText(name).text, alone: true });
    for (const written of new Set([value, value.replaceAll("+", " ")])) {
      const text = plainText(written).text;
      if (isTelling(text, valueWordCharsMin)) found.push({ text, alone: true });
    }
  }
  return found;
}

/** Long enough, and no ordinary word or number. */
function isTelling(text: string, wordCharsMin: number): boolean {
  return text.length >= (/^(?:\p{L}*|\d*)$/u.test(text) ? wordCharsMin : secretCharsMin);
}
