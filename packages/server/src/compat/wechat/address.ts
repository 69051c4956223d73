/** Converts between a handler's address in this API (protocol and url, or host and port) and a subscription's URL. */

import { isIPv6 } from "node:net";
import { assertEndpointUrl } from "../../domain/endpoint-url-rule.ts";
import { RingbackError } from "../../domain/errors.ts";
import { type ByteOrder, readTcpUrl, tcpUrl } from "../../domain/tcp-url.ts";
import { integerOf, type WechatRequest } from "./request.ts";
import { Unsupported } from "./unsupported.ts";

const TCP = 1;
const HTTP = 2;
const WEB_SOCKET = 3;
/** Protocols of the original API that work only inside the process of the original server. */
const inProcessProtocols: ReadonlyMap<number, string> = new Map([
  [4, "window messages"],
  [5, "handlers inside the process"],
]);

/** One item in the list of handlers. A client of the original API reads the misspelt member `pcotocol`. */
export type HandlerAddress = { readonly protocol: number; readonly pcotocol: number } & (
  | { readonly url: string }
  | { readonly host: string; readonly port: number; readonly byteOrder: ByteOrder }
);

/** Throws {@link Unsupported} for an unsupported protocol and `RingbackError` for an invalid address. */
export function urlOfRequest(request: WechatRequest): string {
  const protocol = integerOf(request, "protocol");
  if (protocol === HTTP) return checkedUrl(request, ["http", "https"]);
  if (protocol === WEB_SOCKET) return checkedUrl(request, ["ws", "wss"]);
  if (protocol === TCP) return checkedTcpUrl(request);
  const what = inProcessProtocols.get(protocol);
  const named = what === undefined ? `protocol ${protocol}` : `protocol ${protocol} (${what})`;
  throw new Unsupported(`${named} is not supported; use 1 (TCP), 2 (HTTP) or 3 (WebSocket)`);
}

/** Returns null if this API cannot express the URL. */
export function addressOfUrl(text: string): HandlerAddress | null {
  const scheme = /^([a-z]+):\/\//i.exec(text)?.[1]?.toLowerCase();
  if (scheme === "http" || scheme === "https") return { ...numbered(HTTP), url: text };
  if (scheme === "ws" || scheme === "wss") return { ...numbered(WEB_SOCKET), url: text };
  const read = readTcpUrl(text);
  if (typeof read === "string") return null;
  const { port, byteOrder } = read;
  return { ...numbered(TCP), host: read.host.replace(/^\[|\]$/g, ""), port, byteOrder };
}

function numbered(protocol: number) {
  return { protocol, pcotocol: protocol };
}

function checkedUrl(request: WechatRequest, schemes: readonly string[]): string {
  const { url } = request;
  if (typeof url !== "string" || url === "") throw wrong("url", "must be given, as a string");
  assertEndpointUrl("url", url, schemes);
  return url;
}

function checkedTcpUrl(request: WechatRequest): string {
  const { host, byteOrder = "big" } = request;
  if (typeof host !== "string" || host === "") throw wrong("host", "must be given, as a string");
  if (!isIPv6(host) && /[\s:/\\?#@[\]]/.test(host)) throw wrong("host", "must be a host name or an IP address only");
  const port = integerOf(request, "port");
  if (port < 1 || port > 65_535) throw wrong("port", "must be a whole number from 1 to 65535");
  if (byteOrder !== "big" && byteOrder !== "little") throw wrong("byteOrder", 'must be "big" or "little"');
  const url = tcpUrl({ host: isIPv6(host) ? `[${host}]` : host, port, byteOrder });
  assertEndpointUrl("host", url, ["tcp"]);
  return url;
}

function wrong(field: string, fault: string): RingbackError {
  return RingbackError.at("invalid_request", field, fault);
}
