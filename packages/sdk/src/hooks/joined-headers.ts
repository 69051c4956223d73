/** The first of the values that `fetch` has joined, where that can be told from a comma inside one value. */

/** Quoted text, in which commas mean nothing, or what `fetch` joins values with. */
const joints = /"(?:\\[^]|[^"\\])*"?|, /g;
/** In a name without quotes a comma is often just that, so what follows must look like the beginning of another value. */
const dispositionJoints = /"(?:\\[^]|[^"\\])*"?|, (?=(?:attachment|inline) *(?:[;,]|$))/gi;

/** These headers with the first value of `Content-Type` and of `Content-Disposition`, the only ones that dialects read. */
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
