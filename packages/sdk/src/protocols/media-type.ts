/** Media types without parameters, in lower case. */

const TOKEN = "[a-z\\d!#$%&'*+.^_`|~-]{1,127}";
const mediaType = new RegExp(`^${TOKEN}/${TOKEN}$`);

/**
 * Returns the media type of a `Content-Type` header; null when the header is missing or empty. The result may be
 * malformed.
 */
export function mediaTypeOf(contentType: string | undefined): string | null {
  const named = (contentType ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "";
  return named === "" ? null : named;
}

/** Whether the text has the form of RFC 9110 section 8.3.1, so that it can be sent in a header. */
export function isMediaType(text: string): boolean {
  return mediaType.test(text);
}

/** Whether the type is JSON, or a format that is based on JSON (RFC 6839 section 3.1). */
export function isJsonType(named: string | null): boolean {
  return named !== null && (named === "application/json" || (isMediaType(named) && named.endsWith("+json")));
}
