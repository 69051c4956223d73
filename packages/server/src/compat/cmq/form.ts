import { CmqError } from "./errors.ts";
import { cmqLimits } from "./cmq-limits.ts";

/**
 * Parses the text `a=1&b=2` of a query or a form. `URLSearchParams` would accept repeated names and invalid escapes.
 * Both are refused here, because they could be read in a different way than the client meant when it signed them.
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
  if (form.size >= cmqLimits.parametersMax) {
    throw new CmqError("unreadable", `the request has more than ${cmqLimits.parametersMax} parameters`);
  }
  form.set(name, equals < 0 ? "" : decoded(pair.slice(equals + 1)));
}

function decoded(text: string): string {
  const spaced = text.includes("+") ? text.replaceAll("+", " ") : text;
  if (!spaced.includes("%")) return spaced;
  try {
    return decodeURIComponent(spaced);
  } catch {
    throw new CmqError("unreadable", "the request contains a % that does not begin a valid UTF-8 escape");
  }
}

/**
 * Replaces `_` by `.` in the names. For the signature `msgTag_0` and `msgTag.0` are the same name, so both must have
 * the same meaning. Otherwise an intermediary could rename a parameter without breaking the signature.
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

/** Returns the first 64 characters of a name from a request, in quotes, for an error message. */
export function shown(name: string): string {
  return JSON.stringify(name.slice(0, 64));
}
