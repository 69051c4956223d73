import { limits } from "../../domain/limits.ts";
import { CmqError } from "./errors.ts";

/**
 * `a=1&b=2` as it stands in a query or in a form, by hand: a name given twice and an escape that is none are refused
 * instead of bent, since the signature is over what was meant.
 */
export function readForm(text: string): Map<string, string> {
  const form = new Map<string, string>();
  let from = 0;
  while (from < text.length) {
    let to = text.indexOf("&", from);
    if (to < 0) to = text.length;
    if (to > from) add(form, text.slice(from, to));
    from = to + 1;
  }
  return form;
}

function add(form: Map<string, string>, pair: string): void {
  const equals = pair.indexOf("=");
  const name = decoded(equals < 0 ? pair : pair.slice(0, equals));
  if (form.has(name)) throw new CmqError("repeatedParameter", `parameter ${shown(name)} is given twice`);
  if (form.size >= limits.cmqParametersMax) {
    throw new CmqError("unreadable", `the request holds more than ${limits.cmqParametersMax} parameters`);
  }
  form.set(name, equals < 0 ? "" : decoded(pair.slice(equals + 1)));
}

function decoded(text: string): string {
  const spaced = text.includes("+") ? text.replaceAll("+", " ") : text;
  if (!spaced.includes("%")) return spaced;
  try {
    return decodeURIComponent(spaced);
  } catch {
    throw new CmqError("unreadable", "the request holds a percent sign that starts no escape of UTF-8");
  }
}

/**
 * The form by the names that its signature covers, in which an underscore and a dot are the same: `msgTag_0` is `msgTag.0`, so that
 * nobody between client and server can turn a parameter into one that is ignored, or the other way round.
 */
export function bySignedNames(form: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  if (![...form.keys()].some((name) => name.includes("_"))) return form;
  const signed = new Map<string, string>();
  for (const [name, value] of form) {
    const dotted = name.replaceAll("_", ".");
    if (signed.has(dotted)) throw new CmqError("repeatedParameter", `parameter ${shown(dotted)} is given twice`);
    signed.set(dotted, value);
  }
  return signed;
}

/** Of a name that somebody sent, as much as tells which one it is. */
export function shown(name: string): string {
  return JSON.stringify(name.slice(0, 64));
}
