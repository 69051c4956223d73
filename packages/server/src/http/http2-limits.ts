import type { ServerResponse } from "node:http";
import { constants, type Http2Session, type SecureServerOptions, type ServerHttp2Stream } from "node:http2";
import { RingbackError } from "../domain/errors.ts";
import type { HttpLimits } from "./http-limits.ts";
import type { Http2Request } from "./http2-messages.ts";
import { writeProblem } from "./problem.ts";

/** A header section of up to this many times the limits is read, so that it gets a clear refusal. */
const readableHeaders = 2;

/** Returns the limits of a session that Node enforces. */
export function http2Options(config: HttpLimits): SecureServerOptions {
  return {
    settings: {
      enablePush: false,
      maxConcurrentStreams: config.http2StreamsPerConnectionMax,
      maxHeaderListSize: readableHeaders * config.requestHeaderBytesMax,
    },
    maxHeaderListPairs: readableHeaders * config.requestHeaderCountMax,
    // A client that opens streams only to reset them ("rapid reset") loses its connection.
    streamResetBurst: 1_000,
    streamResetRate: 33,
    maxSessionInvalidFrames: 100,
    maxSessionRejectedStreams: 100,
  };
}

interface OpenSession {
  streams: number;
  /** A session without streams is closed at this time. */
  endsAtMs: number;
}

interface OpenStream {
  readonly request: Http2Request;
  readonly response: ServerResponse;
  readonly endsAtMs: number;
}

/**
 * The time limits of sessions and streams, and a limit on all streams together. Node has these limits for HTTP/1.1
 * only.
 */
export class Http2Limits {
  readonly #config: HttpLimits;
  readonly #sessions = new Map<Http2Session, OpenSession>();
  readonly #arriving = new Set<OpenStream>();
  #streams = 0;

  constructor(config: HttpLimits) {
    this.#config = config;
  }

  addSession(session: Http2Session): void {
    // The first request has as much time as the header section of one.
    this.#sessions.set(session, { streams: 0, endsAtMs: performance.now() + this.#config.requestHeaderMsMax });
    session.once("close", () => this.#sessions.delete(session));
  }

  /** Returns false if there are too many streams already. The client may then send the request again. */
  admit(request: Http2Request, response: ServerResponse): boolean {
    const { stream } = request;
    const { connectionsMax, connectionIdleMsMax, requestMsMax } = this.#config;
    if (this.#streams >= connectionsMax) {
      stream.close(constants.NGHTTP2_REFUSED_STREAM);
      return false;
    }
    this.#count(stream);
    stream.setTimeout(connectionIdleMsMax, () => cancelStream(stream));
    // A response without the whole request ends the stream (RFC 9113 section 8.1).
    stream.once("finish", () => {
      if (!stream.destroyed && !isWhole(stream)) stream.close(constants.NGHTTP2_NO_ERROR);
    });
    if (stream.endAfterHeaders) return true;
    const arriving = { request, response, endsAtMs: performance.now() + requestMsMax };
    this.#arriving.add(arriving);
    stream.once("close", () => this.#arriving.delete(arriving));
    return true;
  }

  /** Ends the sessions and the streams whose time is over. */
  check(): void {
    const now = performance.now();
    for (const [session, { streams, endsAtMs }] of this.#sessions) {
      if (streams > 0 || endsAtMs > now) continue;
      if (endsAtMs + this.#config.closeMsMax > now) session.close();
      else session.destroy();
    }
    for (const arriving of this.#arriving) {
      if (arriving.endsAtMs > now) continue;
      this.#arriving.delete(arriving);
      if (!isWhole(arriving.request.stream)) refuseSlowBody(arriving);
    }
  }

  #count(stream: ServerHttp2Stream): void {
    const { session } = stream;
    const open = session && this.#sessions.get(session);
    this.#streams++;
    if (open) open.streams++;
    stream.once("close", () => {
      this.#streams--;
      if (!open) return;
      open.streams--;
      open.endsAtMs = performance.now() + this.#config.keepAliveMs;
    });
  }
}

/** Ends a stream whose response is not complete. */
export function cancelStream(stream: ServerHttp2Stream): void {
  stream.close(constants.NGHTTP2_CANCEL);
}

/** Whether the client has ended its request. */
function isWhole(stream: ServerHttp2Stream): boolean {
  return stream.destroyed || stream.state.remoteClose === 1;
}

function refuseSlowBody({ request, response }: OpenStream): void {
  if (response.headersSent) cancelStream(request.stream);
  else writeProblem(response, new RingbackError("request_timeout"));
}
