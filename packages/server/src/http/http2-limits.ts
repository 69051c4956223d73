import type { ServerResponse } from "node:http";
import {
  constants,
  type Http2Session,
  type ServerHttp2Session,
  type SecureServerOptions,
  type ServerHttp2Stream,
} from "node:http2";
import { RingbackError } from "../domain/errors.ts";
import type { HttpLimits } from "./http-limits.ts";
import type { Http2Request } from "./http2-messages.ts";
import { writeProblem } from "./problem.ts";

/** A header section of up to this many times the limits is read, so that it gets a clear refusal. */
const readableHeaders = 2;

/**
 * The bytes that a client may send before the server has read them, in one request and over one connection. With the
 * 64 KiB of the standard, a connection with a round trip of 100 ms would transfer only 640 KB per second.
 */
const streamWindowBytes = 256 * 1024;
const connectionWindowBytes = 1024 * 1024;

/** Returns the limits of a session that Node enforces. */
export function http2Options(config: HttpLimits): SecureServerOptions {
  return {
    settings: {
      enablePush: false,
      maxConcurrentStreams: config.http2StreamsPerConnectionMax,
      initialWindowSize: streamWindowBytes,
      maxHeaderListSize: readableHeaders * config.requestHeaderBytesMax,
    },
    // In megabytes. Above it, Node refuses the headers of further requests. The responses to the requests of a session
    // may wait in it; the routes limit the memory for large responses to all clients.
    maxSessionMemory: 128,
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
  readonly stream: ServerHttp2Stream;
  readonly response: ServerResponse;
  /** The whole request must have arrived at this time; null: it has. */
  arrivesUntilMs: number | null;
  /** The bytes of the response that wait for the client, and the time since which they are the same. */
  waitingBytes: number;
  sameSinceMs: number;
}

/**
 * The time limits of sessions and streams, and a limit on all streams together. Node has these limits for HTTP/1.1
 * only.
 */
export class Http2Limits {
  readonly #config: HttpLimits;
  readonly #sessions = new Map<Http2Session, OpenSession>();
  readonly #streams = new Set<OpenStream>();

  constructor(config: HttpLimits) {
    this.#config = config;
  }

  addSession(session: ServerHttp2Session): void {
    session.setLocalWindowSize(connectionWindowBytes);
    // The first request has as much time as the header section of one.
    this.#sessions.set(session, { streams: 0, endsAtMs: performance.now() + this.#config.requestHeaderMsMax });
    session.once("close", () => this.#sessions.delete(session));
  }

  /** Returns false if there are too many streams already. The client may then send the request again. */
  admit(request: Http2Request, response: ServerResponse): boolean {
    const { stream } = request;
    const { connectionsMax, requestMsMax } = this.#config;
    if (this.#streams.size >= connectionsMax) {
      stream.close(constants.NGHTTP2_REFUSED_STREAM);
      return false;
    }
    const sameSinceMs = performance.now();
    const arrivesUntilMs = stream.endAfterHeaders ? null : sameSinceMs + requestMsMax;
    this.#add({ stream, response, arrivesUntilMs, waitingBytes: 0, sameSinceMs });
    // No route reads the body of such a request, so its bytes must not wait for the response.
    if (request.method === "GET" || request.method === "HEAD") request.resume();
    // A response without the whole request ends the stream (RFC 9113 section 8.1).
    stream.once("finish", () => {
      if (!stream.destroyed && !isWhole(stream)) stream.close(constants.NGHTTP2_NO_ERROR);
    });
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
    for (const open of this.#streams) this.#checkStream(open, now);
  }

  #checkStream(open: OpenStream, nowMs: number): void {
    const { stream, response, arrivesUntilMs } = open;
    if (arrivesUntilMs !== null && arrivesUntilMs <= nowMs) {
      open.arrivesUntilMs = null;
      if (!isWhole(stream)) refuseSlowBody(stream, response);
    }
    // Node's own time limit of a stream starts again whenever another stream of the session makes progress.
    const { bufferSize } = stream;
    if (bufferSize === 0 || bufferSize !== open.waitingBytes) {
      open.waitingBytes = bufferSize;
      open.sameSinceMs = nowMs;
    } else if (nowMs - open.sameSinceMs >= this.#config.connectionIdleMsMax) cancelStream(stream);
  }

  #add(open: OpenStream): void {
    const { stream } = open;
    const session = stream.session && this.#sessions.get(stream.session);
    this.#streams.add(open);
    if (session) session.streams++;
    stream.once("close", () => {
      this.#streams.delete(open);
      if (!session) return;
      session.streams--;
      session.endsAtMs = performance.now() + this.#config.keepAliveMs;
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

function refuseSlowBody(stream: ServerHttp2Stream, response: ServerResponse): void {
  if (response.headersSent) cancelStream(stream);
  else writeProblem(response, new RingbackError("request_timeout"));
}
