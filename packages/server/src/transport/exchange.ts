import type { IncomingHttpHeaders } from "node:http";
import type { Dispatcher } from "undici";
import type { Connection } from "./connection.ts";
import type { Deadlines, Expiring, Line } from "./deadline.ts";
import { classifyFailure, TransportFailure } from "./failure.ts";
import { transportLimits } from "./limits.ts";
import type { OriginPools } from "./origin-pools.ts";
import type { OriginPool, PooledPost } from "./origin-pool.ts";
import type { Endpoint, PostResult, TransportErrorCode } from "./port.ts";
import type { Clock, TimeMs } from "./time.ts";
import { WholeReply } from "./whole-reply.ts";

/** What all exchanges of a transport share. */
export interface ExchangeSetting {
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  readonly pools: OriginPools;
  readonly replyBytesMax: number;
  readonly replyKeptBytes: number;
}

const noHeaders: Readonly<Record<string, string>> = Object.freeze({});
const noBytes = new Uint8Array(0);

/**
 * One POST from its call to its result: undici's handler and the deadline's member in one object, since there is one per
 * delivery. It ends once, through `finish`; the result is handed over in the next tick, when undici has put the
 * connection in order, so that `done` never runs inside `post` nor inside the parser.
 */
export class Exchange implements Dispatcher.DispatchHandler, Expiring, PooledPost {
  previous: Expiring | null = null;
  next: Expiring | null = null;
  line: Line | null = null;
  deadlineMs: TimeMs = 0;

  private readonly setting: ExchangeSetting;
  private readonly endpoint: Endpoint;
  private readonly headers: string[];
  private readonly body: Uint8Array;
  private readonly done: (result: PostResult) => void;
  private readonly startedAtMs: TimeMs;

  private pool: OriginPool | null = null;
  private connection: Connection | null = null;
  /** Its second try after a stale connection; there is no third. */
  private again = false;
  /** When it went out over a connection that had been idle; 0 when over a new one. */
  private reusedAtMs: TimeMs = 0;

  private status = 0;
  private replyHeaders: Readonly<Record<string, string>> = noHeaders;
  private kept: Uint8Array = noBytes;
  /** Where the whole reply is wanted. */
  private readonly wholeReply: WholeReply | null;
  private receivedBytes = 0;
  private interimReplies = 0;
  private replying = false;

  private finished = false;
  private whole = false;
  private error: TransportErrorCode | null = null;
  private durationMs = 0;

  constructor(
    setting: ExchangeSetting,
    endpoint: Endpoint,
    headers: readonly string[],
    body: Uint8Array,
    done: (result: PostResult) => void,
  ) {
    this.setting = setting;
    this.endpoint = endpoint;
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- undici's type leaves out that it only reads them
    this.headers = headers as string[];
    this.body = body;
    this.done = done;
    this.startedAtMs = setting.clock.now();
    const { wholeReplyBytesMax, takeReplyBytes } = endpoint;
    this.wholeReply = wholeReplyBytesMax === null ? null : new WholeReply(wholeReplyBytesMax, takeReplyBytes);
  }

  get mayReuse(): boolean {
    return this.endpoint.connection === "keep-alive" && !this.again;
  }

  get over(): boolean {
    return this.finished;
  }

  start(): void {
    this.setting.deadlines.add(this, this.endpoint.timeoutMs, this.startedAtMs);
    this.enterPool();
  }

  /** The pool has found a connection. */
  run(connection: Connection): void {
    this.connection = connection;
    const { headers, body } = this;
    const { path } = this.endpoint;
    connection.send(
      this.endpoint.connection === "close"
        ? { path, method: "POST", headers, body, reset: true }
        : { path, method: "POST", headers, body },
      this,
    );
  }

  fail(error: TransportErrorCode): void {
    this.finish(error);
  }

  end(why: "timeout" | "aborted"): void {
    this.finish(why);
  }

  // ---- what undici tells

  onRequestStart(controller: Dispatcher.DispatchController): void {
    if (this.endpoint.maySend?.() === false) {
      this.finish("aborted");
      controller.abort(new TransportFailure("aborted"));
      return;
    }
    // undici itself connects anew when it finds an idle socket closed before it wrote; then this is not reuse.
    this.reusedAtMs = this.connection?.reused === true ? this.setting.clock.now() : 0;
  }

  /** The first byte of a reply, of whatever kind. */
  onResponseStarted(): void {
    this.replying = true;
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    if (this.finished) return;
    if (status < 200) {
      this.interimReplies += 1;
      if (this.interimReplies > transportLimits.interimRepliesMax) this.finish("bad_reply");
      return;
    }
    this.status = status;
    keepFirstValues(headers);
    this.replyHeaders = headers;
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Uint8Array): void {
    if (this.finished) return;
    if (this.wholeReply !== null) {
      if (!this.wholeReply.append(chunk)) this.finish("reply_too_large");
      return;
    }
    const { replyBytesMax, replyKeptBytes } = this.setting;
    this.receivedBytes += chunk.byteLength;
    if (this.kept.byteLength < replyKeptBytes) this.kept = joined(this.kept, chunk, replyKeptBytes);
    if (this.receivedBytes > replyBytesMax) this.finish(null);
  }

  onResponseEnd(): void {
    if (this.finished) return;
    this.whole = true;
    this.finish(null);
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error): void {
    if (this.finished) return;
    const code = classifyFailure(error, this.connection?.peerEnded ?? false);
    if (this.isStaleConnection(code)) {
      this.again = true;
      this.reusedAtMs = 0;
      process.nextTick(Exchange.restart, this);
    } else {
      this.finish(code);
    }
  }

  /**
   * A server may close an idle connection at the very moment we use it. That is nobody's fault and no failed attempt, so
   * the POST goes out once more, over a new connection, within the same attempt and its deadline. undici does not do this
   * for a POST, with reason: the receiver may have taken the first one. We may, because delivery is at least once and
   * both carry the same message id, and because the attempt is not over in between: nothing that waits behind this
   * message has been sent. To make duplicates rare it happens only when the connection had been idle, not one byte of a
   * reply came, and the connection ended within `staleConnectionMsMax` of writing: a close that crossed our request shows
   * after one round trip, and whoever dies later has probably begun to work on it.
   */
  private isStaleConnection(code: TransportErrorCode): boolean {
    return (
      code === "connection_reset" &&
      this.reusedAtMs !== 0 &&
      !this.replying &&
      this.setting.clock.now() - this.reusedAtMs <= transportLimits.staleConnectionMsMax
    );
  }

  // ---- its end

  private finish(error: TransportErrorCode | null): void {
    if (this.finished) return;
    this.finished = true;
    this.error = error;
    this.durationMs = Math.max(0, Math.round(this.setting.clock.now() - this.startedAtMs));
    this.setting.deadlines.remove(this);
    process.nextTick(Exchange.settle, this);
  }

  private enterPool(): void {
    this.pool = this.setting.pools.of(this.endpoint.origin);
    if (this.pool === null) this.finish("connect_failed");
    else this.pool.start(this);
  }

  private leavePool(): void {
    const { pool, connection } = this;
    this.pool = null;
    this.connection = null;
    pool?.finish(this, connection, this.whole);
  }

  /** Called from a tick of its own: the connection that failed must be gone from undici's stack first. */
  static readonly restart = (exchange: Exchange): void => {
    if (exchange.finished) return;
    exchange.leavePool();
    exchange.enterPool();
  };

  static readonly settle = (exchange: Exchange): void => {
    exchange.leavePool();
    exchange.done({
      durationMs: exchange.durationMs,
      error: exchange.error,
      status: exchange.status,
      headers: exchange.replyHeaders,
      body: exchange.wholeReply?.bytes() ?? exchange.kept,
    });
  };
}

/** Where a header came more than once undici has a list. The object is undici's, made for this reply alone. */
function keepFirstValues(headers: IncomingHttpHeaders): asserts headers is Record<string, string> {
  for (const name in headers) {
    const value = headers[name];
    if (typeof value === "object") headers[name] = value[0];
  }
}

/** A copy, so that a few kept bytes do not hold on to the socket's whole buffer. */
function joined(kept: Uint8Array, chunk: Uint8Array, bytesMax: number): Uint8Array {
  const taken = Math.min(chunk.byteLength, bytesMax - kept.byteLength);
  const copy = new Uint8Array(kept.byteLength + taken);
  copy.set(kept);
  copy.set(taken === chunk.byteLength ? chunk : chunk.subarray(0, taken), kept.byteLength);
  return copy;
}
