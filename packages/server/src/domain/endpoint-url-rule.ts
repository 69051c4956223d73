import { RingbackError } from "./errors.ts";
import { limits } from "./limits.ts";
import { isName } from "./names.ts";
import { readTcpUrl } from "./tcp-url.ts";

export const httpSchemes: readonly string[] = ["http", "https"];
/**
 * The URL `queue:NAME` addresses a queue of the same account. Callers pass this scheme only where an endpoint may be a
 * queue.
 */
export const queueScheme = "queue";

export function queueUrl(queue: string): string {
  return `${queueScheme}:${queue}`;
}

/** Returns the name of the queue for a `queue:NAME` URL, and null for every other URL. */
export function queueOfUrl(url: string): string | null {
  return url.startsWith(`${queueScheme}:`) ? url.slice(queueScheme.length + 1) : null;
}

/** A URL is stored as written, so everything that a URL parser would silently drop or rewrite is refused. */
export function assertEndpointUrl(field: string, text: string, schemes: readonly string[] = httpSchemes): void {
  const queue = schemes.includes(queueScheme) ? queueOfUrl(text) : null;
  const fault = queue === null ? (textFault(text, schemes) ?? urlFault(field, text)) : queueFault(queue);
  if (fault !== null) throw RingbackError.at("invalid_url", field, fault);
}

function queueFault(queue: string): string | null {
  return isName(queue) ? null : "does not name a queue";
}

function textFault(text: string, schemes: readonly string[]): string | null {
  if (text.length > limits.urlCharsMax) return `must have at most ${limits.urlCharsMax} characters`;
  if (/[\p{Cc}\s\\]/u.test(text)) return "must not contain white space, control characters or backslashes";
  if (!text.isWellFormed()) return "must be valid Unicode, but contains half a surrogate pair";
  const scheme = /^([a-z]+):\/\//i.exec(text)?.[1]?.toLowerCase();
  if (scheme === undefined || scheme === queueScheme || !schemes.includes(scheme)) {
    return `must begin with ${eitherOf(schemes.map((known) => (known === queueScheme ? queueUrl("") : `${known}://`)))}`;
  }
  if (text.includes("#")) return "must not have a fragment (the part from # on), because it would never be sent";
  return null;
}

function eitherOf(words: readonly string[]): string {
  return [words.slice(0, -1).join(", "), ...words.slice(-1)].filter((part) => part !== "").join(" or ");
}

/** Only POSTs over HTTP can carry headers, so only these URLs allow headers in a subscription. */
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
    const instead = isHttpUrl(text) && field === "push.url" ? "; give them under push.auth" : "";
    return `must not contain a user name or password${instead}`;
  }
  if (url.port === "0") return "must not have port 0";
  // Non-ASCII characters are sent percent-encoded, which is longer.
  if (url.href.length > limits.urlCharsMax) return `must have at most ${limits.urlCharsMax} characters once encoded`;
  return null;
}
