/** Finds the first value of a repeated header. `fetch` joins the values of a repeated header with commas. */

/** Matches a quoted string, in which a comma does not separate values, or the separator that `fetch` inserts. */
const joints = /"(?:\\[^]|[^"\\])*"?|, /g;
/**
 * A comma may be part of an unquoted file name. Only a comma before the beginning of another disposition is a
 * separator.
 */
const dispositionJoints = /"(?:\\[^]|[^"\\])*"?|, (?=(?:attachment|inline) *(?:[;,]|$))/gi;

/**
 * Reduces `Content-Type` and `Content-Disposition` to their first values. Dialects read no other headers. Changes
 * `headers` and returns it.
 */
export function withFirstValues(headers: Record<string, string>): Record<string, string> {
  takeFirst(headers, "content-type", joints);
  takeFirst(headers, "content-disposition", dispositionJoints);
  return headers;
}

function takeFirst(headers: Record<string, string>, name: string, joint: RegExp): void {
  const joined = headers[name];
  if (joined?.includes(", ") !== true) return;
  for (const { 0: found, index } of joined.matchAll(joint)) {
    if (found !== ", ") continue;
    headers[name] = joined.slice(0, index);
    return;
  }
}
