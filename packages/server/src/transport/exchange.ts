import type { IncomingHttpHeaders } from "node:http";
import { BoundedBytes, codingFault, contentCoding, decodeContent } from "@ringback/sdk/protocols";
import type { Dispatcher } from "undici";
import { limits } from "../domain/limits.ts";
import type { Connection } from "./connection.ts";
import { noTimes } from "./connector.ts";
import { classifyFailure, type ConnectionFacts, TransportFailure } from "./failure.ts";
import { transportLimits } from "./limits.ts";
import type { OriginPool, OriginPools, PooledPost } from "./origin-pool.ts";
import type { Endpoint, PostResult, PostTimings, TransportErrorCode } from "./port.ts";
import { noBytes, Post, type PostContext } from "./post.ts";
import type { TimeMs } from "./time.ts";

/** Services and limits that all exchanges of a transport share. */
export interface ExchangeContext extends PostContext {
  readonly pools: OriginPools;
  readonly replyBytesMax: number;
  readonly replyKeptBytes: number;
}

/**
 * One POST over HTTP. The same object is undici's handler, the pool's POST and the deadline's member, to create only
 * one object per delivery. The result is reported after undici has cleaned up the connection.
 */
export class Exchange extends Post implements Dispatcher.DispatchHandler, PooledPost {
  readonly #context: ExchangeContext;
  readonly #headers: string[];

  #pool: OriginPool | null = null;
  #connection: Connection | null = null;
  /** True during the second try, which follows a stale connection. There is no third try. */
  #isSecondTry = false;
  /** The time when the request was written to a connection that had been idle; 0: the connection was new. */
  #reusedAtMs: TimeMs = 0;

  /**
   * The received part of the body. null before its first byte, and after the bytes have exceeded the caller's budget.
   */
  #kept: BoundedBytes | null = null;
  /** The reply's Content-Encoding; null: the bytes are not encoded. */
  #coding: string | null = null;
  #codingFault: string | null = null;
  #receivedBytes = 0;
  #interimReplies = 0;
  /** For an observed endpoint: when the request was written, and when the status of the reply came. */
  #writtenAtMs: TimeMs = 0;
  #statusAtMs: TimeMs = 0;
  #whole = false;

  constructor(
    context: ExchangeContext,
    endpoint: Endpoint,
    headers: readonly string[],
    body: Uint8Array,
    done: (result: PostResult) => void,
  ) {
    super(context, endpoint, body, done);
    this.#context = context;
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- undici only reads the array
    this.#headers = headers as string[];
  }

  get mayReuse(): boolean {
    return this.endpoint.connection === "keep-alive" && !this.#isSecondTry;
  }

  start(): void {
    this.#pool = this.#context.pools.of(this.endpoint);
    if (this.#pool === null) this.finish("connect_failed", `"${this.endpoint.origin}" is no origin`);
    else this.#pool.start(this);
  }

  /** Called by the pool with the connection to use. */
  run(connection: Connection): void {
    this.#connection = connection;
    const { path, method = "POST", connection: kind } = this.endpoint;
    connection.isHeadFixed = this.endpoint.isHeadFixed === true;
    connection.headWritten = this.endpoint.headWritten;
    const request = { path, method, headers: this.#headers, body: this.body } as const;
    connection.send(kind === "close" ? { ...request, reset: true } : request, this);
  }

  // ---- called by undici

  onRequestStart(controller: Dispatcher.DispatchController): void {
    if (this.endpoint.maySend?.() === false) {
      this.finish("aborted");
      controller.abort(new TransportFailure("aborted"));
      return;
    }
    if (this.endpoint.isObserved === true) this.#writtenAtMs = this.#context.clock.now();
    // If an idle socket was closed before the request is written, undici connects again, and the connection counts as
    // new.
    this.#reusedAtMs = this.#connection?.reused === true ? this.#context.clock.now() : 0;
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    if (this.isFinished) return;
    if (status < 200) {
      this.#interimReplies += 1;
      const { interimRepliesMax } = transportLimits;
      if (this.#interimReplies > interimRepliesMax) {
        this.finish("bad_reply", `more than ${interimRepliesMax} interim replies`);
      }
      return;
    }
    this.status = status;
    if (this.endpoint.isObserved === true) {
      this.#statusAtMs = this.#context.clock.now();
      this.replyLines = linesOf(controller.rawHeaders);
    }
    this.#coding = contentCoding(headers["content-encoding"]);
    if (this.#coding !== null) this.#codingFault = codingFault(this.#coding);
    keepFirstValues(headers);
    this.replyHeaders = headers;
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Uint8Array): void {
    if (this.isFinished) return;
    const { wholeReplyBytesMax, takeReplyBytes } = this.endpoint;
    if (this.#codingFault !== null && wholeReplyBytesMax !== null) return this.finish("bad_reply", this.#codingFault);
    const { replyBytesMax } = this.#context;
    const keptBytesMax = this.#keptBytesMax;
    const bytesLeft = Math.max(0, keptBytesMax - this.#receivedBytes);
    this.#receivedBytes += chunk.byteLength;
    if (takeReplyBytes?.(Math.min(bytesLeft, chunk.byteLength)) === false) {
      this.#kept = null;
      return this.finish("reply_too_large", "the replies use all of their memory budget");
    }
    // Copies the bytes, because a view of the chunk would keep the socket's whole buffer in memory.
    this.#kept ??= new BoundedBytes(keptBytesMax);
    if (bytesLeft > 0) this.#kept.append(chunk);
    if (chunk.byteLength > bytesLeft) this.isReplyCut = true;
    this.isReplyTooLong =
      wholeReplyBytesMax === null ? this.#receivedBytes > replyBytesMax : chunk.byteLength > bytesLeft;
    if (this.isReplyTooLong) {
      if (wholeReplyBytesMax === null) this.finish(null);
      else this.finish("reply_too_large", tooLarge(wholeReplyBytesMax));
    }
  }

  onResponseEnd(): void {
    if (this.isFinished) return;
    this.#whole = true;
    this.finish(null);
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error): void {
    if (this.isFinished) return;
    const { code, detail } = classifyFailure(this.#connection?.tlsError ?? error, this.#facts());
    if (this.#isStaleConnection(code)) {
      this.#isSecondTry = true;
      this.#reusedAtMs = 0;
      process.nextTick(Exchange.#restart, this);
    } else {
      if (code === "bad_reply" && this.status === 0) this.status = this.#connection?.head.status ?? 0;
      this.finish(code, detail);
    }
  }

  #facts(): ConnectionFacts {
    const connection = this.#connection;
    return {
      peer: connection?.peer ?? "",
      peerEnded: connection?.peerEnded ?? false,
      headFault: connection?.head.fault ?? null,
      replying: this.#isReplying,
    };
  }

  get #isReplying(): boolean {
    return this.#connection?.head.hasBegun ?? false;
  }

  protected override waitedFor(): string {
    if (this.#isReplying) return "no complete reply";
    return this.#connection?.socket ? "no reply" : "no connection";
  }

  /**
   * A server may close an idle connection at the moment when this POST uses it. In this case the POST is sent again
   * over a new connection, within the same attempt and deadline. undici itself does not repeat a POST, because the
   * receiver may have processed the first one. Here a repetition is allowed: delivery is at least once, both POSTs have
   * the same message id, and no later message of an ordered subscription was sent in between. To keep duplicates rare,
   * the POST is repeated only under three conditions. The connection had been idle, no byte of a reply came, and the
   * connection ended within `staleConnectionMsMax` after the request was written. A close that crossed the request
   * arrives within one round trip. A receiver that closes later has probably read the request.
   */
  #isStaleConnection(code: TransportErrorCode): boolean {
    return (
      code === "connection_reset" &&
      this.#reusedAtMs !== 0 &&
      !this.#isReplying &&
      this.#context.clock.now() - this.#reusedAtMs <= transportLimits.staleConnectionMsMax
    );
  }

  // ---- the end

  get #keptBytesMax(): number {
    const { wholeReplyBytesMax, isObserved } = this.endpoint;
    return wholeReplyBytesMax ?? (isObserved === true ? limits.exchangeBodyBytesMax : this.#context.replyKeptBytes);
  }

  protected override conclude(): void {
    if (this.endpoint.isObserved === true) this.timings = this.#timings();
    this.#leavePool();
    const body = this.#kept?.bytes() ?? noBytes;
    if (this.#coding === null || body.byteLength === 0) this.report(body);
    else void this.#reportDecoded(this.#coding, body);
  }

  /** A reply of which only the first bytes are kept is decoded as far as possible. */
  async #reportDecoded(coding: string, encoded: Uint8Array): Promise<void> {
    const { wholeReplyBytesMax, takeReplyBytes } = this.endpoint;
    const bytesMax = this.#keptBytesMax;
    const { body: decoded, fault } = await decodeContent(coding, encoded, bytesMax, takeReplyBytes);
    if (fault === "too_large") this.isReplyCut = true;
    // Some receivers only say that the body is encoded.
    const body = decoded.byteLength === 0 && fault !== null ? encoded : decoded;
    if (wholeReplyBytesMax === null) this.report(body);
    else if (fault === null) this.report(body);
    else if (fault === "too_large") this.report(body, { code: "reply_too_large", detail: tooLarge(bytesMax) });
    else this.report(body, { code: "bad_reply", detail: fault });
  }

  #timings(): PostTimings {
    const connection = this.#connection;
    const { startedAtMs, foundAtMs, connectedAtMs, securedAtMs } =
      connection === null || connection.reused ? noTimes : connection.opening;
    return {
      lookupMs: between(startedAtMs, foundAtMs),
      connectMs: between(foundAtMs || startedAtMs, connectedAtMs),
      tlsMs: between(connectedAtMs, securedAtMs),
      firstByteMs: between(this.#writtenAtMs, this.#statusAtMs),
      bodyMs: between(this.#statusAtMs, this.#whole ? this.#context.clock.now() : 0),
    };
  }

  #leavePool(): void {
    const [pool, connection] = [this.#pool, this.#connection];
    this.#pool = null;
    this.#connection = null;
    if (connection !== null) connection.headWritten = undefined;
    pool?.finish(this, connection, this.#whole);
  }

  /** Runs in a later tick, after undici has removed the failed connection. */
  static readonly #restart = (exchange: Exchange): void => {
    if (exchange.isFinished) return;
    exchange.#leavePool();
    exchange.start();
  };
}

/** In hundredths of a millisecond. null: one of the two has not come. */
function between(fromMs: TimeMs, toMs: TimeMs): number | null {
  return fromMs === 0 || toMs === 0 ? null : Math.max(0, Math.round((toMs - fromMs) * 100) / 100);
}

/** undici gives the names and values of a reply as bytes. */
function linesOf(raw: Dispatcher.DispatchController["rawHeaders"]): readonly string[] {
  return Array.isArray(raw) ? raw.map((part) => (typeof part === "string" ? part : part.toString("latin1"))) : [];
}

function tooLarge(bytesMax: number): string {
  return `the reply has more than ${bytesMax} bytes`;
}

/** undici returns an array for a repeated header. The object belongs to this reply only, so it may be changed. */
function keepFirstValues(headers: IncomingHttpHeaders): asserts headers is Record<string, string> {
  for (const name in headers) {
    const value = headers[name];
    if (typeof value === "object") headers[name] = value[0];
  }
}
