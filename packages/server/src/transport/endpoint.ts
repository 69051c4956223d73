import { queueOfUrl, queueUrl } from "../domain/endpoint-url-rule.ts";
import { RingbackError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import type { AccountId, PushSettings } from "../domain/model.ts";
import { isName } from "../domain/names.ts";
import { readTcpUrl } from "../domain/tcp-url.ts";
import type { Endpoint } from "./port.ts";

/**
 * Parses a subscription's URL for the transport. URL parsing normalises every spelling of an IPv4 address (decimal,
 * octal, hexadecimal), so the address guard sees one form only. Throws `invalid_url`.
 */
export function parseEndpoint(push: Pick<PushSettings, "url" | "connection" | "timeoutMs">): Endpoint {
  const target = parseTarget(push.url);
  return { ...target, connection: push.connection, timeoutMs: push.timeoutMs, wholeReplyBytesMax: null };
}

/** Accounts share no connections, so that one account does not use up the connections of another. */
export function connectionsKeyOf({ origin }: Target, account: AccountId): string {
  return `${origin} account ${account}`;
}

/** The part of an endpoint that the URL alone determines. */
export type Target = Pick<Endpoint, "origin" | "path">;

/** Throws `invalid_url`. */
export function parseTarget(url: string): Target {
  if (url.length > limits.urlCharsMax) throw refuse(`has more than ${limits.urlCharsMax} characters`);
  if (/^tcp:/i.test(url)) return tcpTarget(url);
  const queue = queueOfUrl(url);
  if (queue === null) return webTarget(url);
  if (!isName(queue)) throw refuse("does not name a queue");
  return { origin: queueUrl(queue), path: "/" };
}

const schemes: ReadonlySet<string> = new Set(["http:", "https:", "ws:", "wss:"]);

function webTarget(text: string): Target {
  const url = URL.parse(text);
  if (url === null) throw refuse("is not an absolute URL");
  // The subscription was checked before: its dialect allows the scheme.
  if (!schemes.has(url.protocol)) throw refuse("must begin with http:// or https:// (or ws://, wss:// or tcp://)");
  if (url.username !== "" || url.password !== "") throw refuse("must not contain a user name or password");
  if (url.port === "0") throw refuse("must not name port 0");
  return { origin: url.origin, path: url.pathname + url.search };
}

function tcpTarget(text: string): Target {
  const read = readTcpUrl(text);
  if (typeof read === "string") throw refuse(read);
  return { origin: `tcp://${read.host}:${read.port}`, path: `/?byteOrder=${read.byteOrder}` };
}

function refuse(what: string): RingbackError {
  return RingbackError.at("invalid_url", "push.url", what);
}
