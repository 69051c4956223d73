/** Media types as the hook dialects look at them: without parameters, in lower case. */

const TOKEN = "[a-z\\d!#$%&'*+.^_`|~-]{1,127}";
const mediaType = new RegExp(`^${TOKEN}/${TOKEN}$`);

/** What a `Content-Type` header names; null when it is missing or empty. It may name what is no media type at all. */
export function mediaTypeOf(contentType: string | undefined): string | null {
  const named = (contentType ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "";
  return named === "" ? null : named;
}

/** Whether it has the form of RFC 9110 section 8.3.1, so that it may stand in a header again. */
export function isMediaType(text: string): boolean {
  return mediaType.test(text);
}

/** JSON itself, and every format that is JSON underneath (RFC 6839 section 3.1). */
export function isJsonType(named: string | null): boolean {
  return named !== null && (named === "application/json" || (isMediaType(named) && named.endsWith("+json")));
}
