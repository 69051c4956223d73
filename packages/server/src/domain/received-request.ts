import { limits } from "./limits.ts";

/** Headers that describe one connection and not the message (RFC 9110 section 7.6.1). */
const ofConnection = new Set([
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);
/** Headers with which a client proves to this server who it is. They must not reach those who read the inbox. */
const credentials = new Set(["authorization", "cookie", "proxy-authorization"]);

/** Each name of a header that `GET /in/{inbox}` sends back begins with this. */
export const receivedHeaderPrefix = "ringback-header-";
export const receivedQueryHeader = "ringback-query";

/** The parts of an HTTP request, besides its body, that an inbox keeps. */
export interface ReceivedRequest {
  /** Name and value of each header in the order of the request. Names are in lower case. Repeated names are kept. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** The query as it was sent, without the question mark; empty without a query. */
  readonly query: string;
}

/** Where a sender puts its token, in a header or in a query parameter; null: the token is not there. */
export interface TokenLocation {
  readonly header: string | null;
  readonly query: string | null;
}

/**
 * The parts of a request that an inbox keeps, without the sender's token. `rawHeaders`: name, value, name, value … as
 * in Node. Headers that do not fit within the limits are left out; smaller ones that follow are kept.
 */
export function receivedRequest(
  rawHeaders: readonly string[],
  target: string,
  token: TokenLocation | null = null,
): ReceivedRequest {
  const tokenHeader = token?.header?.toLowerCase();
  const headers: [string, string][] = [];
  const listed = new Set<string>();
  let bytes = 0;
  for (const [name, value] of pairs(rawHeaders)) {
    if (name !== "connection") continue;
    for (const each of value.split(",")) listed.add(each.trim().toLowerCase());
  }
  for (const [name, value] of pairs(rawHeaders)) {
    if (ofConnection.has(name) || credentials.has(name) || listed.has(name) || name === tokenHeader) continue;
    // Node reads header values as one character per byte.
    const size = name.length + value.length;
    if (headers.length >= limits.inboxHeadersMax || bytes + size > limits.inboxHeaderBytesMax) continue;
    headers.push([name, value]);
    bytes += size;
  }
  const query = withoutParameter(queryOf(target), token?.query ?? null);
  return { headers, query: query.length > limits.inboxQueryBytesMax ? "" : query };
}

/** Returns the query of a request's target, without the question mark. */
export function queryOf(target: string): string {
  return /\?([^]*)/.exec(target)?.[1] ?? "";
}

/** Removes a parameter, and keeps the others byte for byte. */
function withoutParameter(query: string, name: string | null): string {
  if (name === null) return query;
  const parameters = query.split("&");
  return parameters.filter((parameter) => !new URLSearchParams(parameter).has(name)).join("&");
}

/** The kept request as headers of the answer to a GET of the inbox: name, value, name, value … */
export function receivedHeaders(request: ReceivedRequest | null): string[] {
  if (request === null) return [];
  const headers = request.headers.flatMap(([name, value]) => [`${receivedHeaderPrefix}${name}`, value]);
  if (request.query !== "") headers.push(receivedQueryHeader, request.query);
  const coding = contentEncodingOf(request);
  return coding === null ? headers : [...headers, "content-encoding", coding];
}

/** How the body is encoded; null: it is not. */
export function contentEncodingOf(request: ReceivedRequest | null | undefined): string | null {
  const codings = (request?.headers ?? []).flatMap(([name, value]) => (name === "content-encoding" ? [value] : []));
  const list = codings.join(", ").trim();
  return list === "" || list.toLowerCase() === "identity" ? null : list;
}

function* pairs(rawHeaders: readonly string[]): Iterable<[name: string, value: string]> {
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    yield [(rawHeaders[at] as string).toLowerCase(), rawHeaders[at + 1] as string];
  }
}
