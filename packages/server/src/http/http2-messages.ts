import type { IncomingMessage } from "node:http";
import { Http2ServerRequest, type IncomingHttpHeaders, type ServerHttp2Stream } from "node:http2";

/**
 * A request over HTTP/2, with the headers that the same request would have over HTTP/1.1. So the rest of the server
 * reads one form only:
 *
 * - The header `host` has the value of `:authority`, and `rawHeaders` contains no pseudo-header.
 * - A body of unknown length has the header `transfer-encoding: chunked`, which HTTP/2 itself does not allow.
 */
export class Http2Request extends Http2ServerRequest {
  /** Of the header section as it is without compression. */
  readonly headerBytes: number;
  override readonly rawHeaders: string[];

  constructor(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, options: object, rawHeaders: string[]) {
    super(stream, headers, options, rawHeaders);
    const { ":authority": authority, host = authority } = headers;
    const others: string[] = [];
    for (let i = 0; i < rawHeaders.length; i += 2) {
      const [name = "", value = ""] = rawHeaders.slice(i, i + 2);
      // A host header that differs from the authority stays, so that the request is refused for its two hosts.
      if (!name.startsWith(":") && !(name === "host" && value === authority)) others.push(name, value);
    }
    this.headerBytes = rawHeaders.reduce((sum, text) => sum + text.length, 0);
    this.rawHeaders = authority === undefined ? others : ["host", authority, ...others];
    if (host !== undefined) headers.host = host;
    const hasBody = !stream.endAfterHeaders;
    if (hasBody && headers["content-length"] === undefined) headers["transfer-encoding"] = "chunked";
  }
}

/** Requests over both versions have the type of node:http. This function recognises those over HTTP/2. */
export function isHttp2(request: IncomingMessage): request is IncomingMessage & Http2Request {
  return request instanceof Http2Request;
}
