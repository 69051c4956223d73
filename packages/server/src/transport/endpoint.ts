import { RingbackError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import type { PushSettings } from "../domain/model.ts";
import { isName } from "../domain/names.ts";
import { readTcpUrl } from "../domain/tcp-url.ts";
import type { Endpoint } from "./port.ts";

/**
 * What a subscription's settings mean for the transport. The URL is read as browsers read it, so that every spelling of an
 * IPv4 address (decimal, octal, hexadecimal) comes out as the one form that the address guard judges.
 * Throws `invalid_url`.
 */
export function parseEndpoint(push: Pick<PushSettings, "url" | "connection" | "timeoutMs">): Endpoint {
  if (push.url.length > limits.urlCharsMax) throw refuse(`has more than ${limits.urlCharsMax} characters`);
  const place = placeOf(push.url);
  return { ...place, connection: push.connection, timeoutMs: push.timeoutMs, wholeReplyBytesMax: null };
}

function placeOf(url: string): Pick<Endpoint, "origin" | "path"> {
  if (/^tcp:/i.test(url)) return tcpPlace(url);
  return url.startsWith("queue:") ? queuePlace(url) : webPlace(url);
}

/** No caller can give such a URL: the server writes it for a subscription that feeds a queue. */
function queuePlace(url: string): Pick<Endpoint, "origin" | "path"> {
  if (!isName(url.slice("queue:".length))) throw refuse("does not name a queue");
  return { origin: url, path: "/" };
}

const schemes: ReadonlySet<string> = new Set(["http:", "https:", "ws:", "wss:"]);

function webPlace(text: string): Pick<Endpoint, "origin" | "path"> {
  const url = URL.parse(text);
  if (url === null) throw refuse("is not an absolute URL");
  // Which dialect may go over which of them is judged when the subscription is put.
  if (!schemes.has(url.protocol)) throw refuse("must begin with http:// or https:// (or ws://, wss:// or tcp://)");
  if (url.username !== "" || url.password !== "") throw refuse("must not hold a user name or password");
  if (url.port === "0") throw refuse("must not name port 0");
  return { origin: url.origin, path: url.pathname + url.search };
}

function tcpPlace(text: string): Pick<Endpoint, "origin" | "path"> {
  const read = readTcpUrl(text);
  if (typeof read === "string") throw refuse(read);
  return { origin: `tcp://${read.host}:${read.port}`, path: `/?byteOrder=${read.byteOrder}` };
}

function refuse(what: string): RingbackError {
  return RingbackError.at("invalid_url", "push.url", what);
}
