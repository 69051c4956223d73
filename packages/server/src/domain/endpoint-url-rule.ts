import { RingbackError } from "./errors.ts";
import { limits } from "./limits.ts";
import { readTcpUrl } from "./tcp-url.ts";

export const httpSchemes: readonly string[] = ["http", "https"];

/** The URL is kept as it was written; what a parser would silently drop or rewrite is refused instead. */
export function assertEndpointUrl(field: string, text: string, schemes: readonly string[] = httpSchemes): void {
  const fault = textFault(text, schemes) ?? urlFault(field, text);
  if (fault !== null) throw RingbackError.at("invalid_url", field, fault);
}

function textFault(text: string, schemes: readonly string[]): string | null {
  if (text.length > limits.urlCharsMax) return `must have at most ${limits.urlCharsMax} characters`;
  if (/[\p{Cc}\s\\]/u.test(text)) return "must not hold white space, control characters or backslashes";
  if (!text.isWellFormed()) return "must not hold half a surrogate pair";
  const scheme = /^([a-z]+):\/\//i.exec(text)?.[1]?.toLowerCase();
  if (scheme === undefined || !schemes.includes(scheme)) {
    return `must begin with ${eitherOf(schemes.map((known) => `${known}://`))}`;
  }
  if (text.includes("#")) return "must not have a fragment (the part from # on): it would never be sent";
  return null;
}

function eitherOf(words: readonly string[]): string {
  return [words.slice(0, -1).join(", "), ...words.slice(-1)].filter((part) => part !== "").join(" or ");
}

/** Only these have headers of the subscription's own. */
export function isHttpUrl(text: string): boolean {
  return /^https?:/i.test(text);
}

function urlFault(field: string, text: string): string | null {
  if (/^tcp:/i.test(text)) {
    const read = readTcpUrl(text);
    return typeof read === "string" ? read : null;
  }
  const url = URL.parse(text);
  if (url === null) return "is not a valid URL";
  if (url.username !== "" || url.password !== "") {
    const instead =
      isHttpUrl(text) && field.startsWith("push.") ? "; send them in an Authorization header under push.headers" : "";
    return `must not hold a user name or password${instead}`;
  }
  if (url.port === "0") return "must not have port 0";
  // Characters outside ASCII are sent percent-encoded, which is longer.
  if (url.href.length > limits.urlCharsMax) return `must have at most ${limits.urlCharsMax} characters once encoded`;
  return null;
}
