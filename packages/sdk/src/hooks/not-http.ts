/** What Node's HTTP client, which is undici, calls its errors when a reply is no HTTP, or not within its limits. */
const names: ReadonlySet<string> = new Set([
  "HTTPParserError",
  "HeadersOverflowError",
  "ResponseContentLengthMismatchError",
]);
/** Its `fetch` has no name for this one: a reply that says it is compressed more than five times over. */
const tooManyCodings = "too many content-encodings";

export function isNotHttpError({ name, message }: Error): boolean {
  return names.has(name) || message.startsWith(tooManyCodings);
}
