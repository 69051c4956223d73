import type { IncomingHttpHeaders } from "node:http";
import type { Dispatcher } from "undici";
import type { Connection } from "./connection.ts";
import type { DeadlineGroup, Deadlines, Expiring } from "./deadline.ts";
import { classifyFailure, TransportFailure } from "./failure.ts";
import { transportLimits } from "./limits.ts";
import type { OriginPools } from "./origin-pools.ts";
import type { OriginPool, PooledPost } from "./origin-pool.ts";
import type { Endpoint, PostResult, TransportErrorCode } from "./port.ts";
import type { Clock, TimeMs } from "./time.ts";
import { WholeReply } from "./whole-reply.ts";

/** Services and limits that all exchanges of a transport share. */
export interface ExchangeContext {
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  readonly pools: OriginPools;
  readonly replyBytesMax: number;
  readonly replyKeptBytes: number;
}

const noHeaders: Readonly<Record<string, string>> = Object.freeze({});
const noBytes = new Uint8Array(0);

/**
 * One POST from its call to its result. This one object is undici's handler, the pool's POST and the deadline's member,
 * because one is created per delivery. Ends exactly once, through `#finish`. `done` is called in the next tick, when
 * undici has cleaned up the connection, so never during `post` or inside undici's parser.
 */
export class Exchange implements Dispatcher.DispatchHandler, Expiring, PooledPost {
  previous: Expiring | null = null;
  next: Expiring | null = null;
  group: DeadlineGroup | null = null;
  deadlineMs: TimeMs = 0;

  readonly #context: ExchangeContext;
  readonly #endpoint: Endpoint;
  readonly #headers: string[];
  readonly #body: Uint8Array;
  readonly #done: (result: PostResult) => void;
  readonly #startedAtMs: TimeMs;

  #pool: OriginPool | null = null;
  #connection: Connection | null = null;
  /** This is the second try, after a stale connection. There is no third. */
  #isSecondTry = false;
  /** When the request was written to a connection that had been idle; 0: to a new connection. */
  #reusedAtMs: TimeMs = 0;

  #status = 0;
  #replyHeaders: Readonly<Record<string, string>> = noHeaders;
  #kept: Uint8Array = noBytes;
  readonly #wholeReply: WholeReply | null;
  #receivedBytes = 0;
  #interimReplies = 0;
  #replying = false;

  #finished = false;
  #whole = false;
  #error: TransportErrorCode | null = null;
  #durationMs = 0;

  constructor(
    context: ExchangeContext,
    endpoint: Endpoint,
    headers: readonly string[],
    body: Uint8Array,
    done: (result: PostResult) => void,
  ) {
    this.#context = context;
    this.#endpoint = endpoint;
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- undici only reads the array
    this.#headers = headers as string[];
    this.#body = body;
    this.#done = done;
    this.#startedAtMs = context.clock.now();
    const { wholeReplyBytesMax, takeReplyBytes } = endpoint;
    this.#wholeReply = wholeReplyBytesMax === null ? null : new WholeReply(wholeReplyBytesMax, takeReplyBytes);
  }

  get mayReuse(): boolean {
    return this.#endpoint.connection === "keep-alive" && !this.#isSecondTry;
  }

  get isFinished(): boolean {
    return this.#finished;
  }

  start(): void {
    this.#context.deadlines.add(this, this.#endpoint.timeoutMs, this.#startedAtMs);
    this.#enterPool();
  }

  /** Called by the pool with the connection to use. */
  run(connection: Connection): void {
    this.#connection = connection;
    const request = { path: this.#endpoint.path, method: "POST", headers: this.#headers, body: this.#body } as const;
    connection.send(this.#endpoint.connection === "close" ? { ...request, reset: true } : request, this);
  }

  fail(error: TransportErrorCode): void {
    this.#finish(error);
  }

  end(why: "timeout" | "aborted"): void {
    this.#finish(why);
  }

  // ---- called by undici

  onRequestStart(controller: Dispatcher.DispatchController): void {
    if (this.#endpoint.maySend?.() === false) {
      this.#finish("aborted");
      controller.abort(new TransportFailure("aborted"));
      return;
    }
    // When an idle socket was closed before the request is written, undici connects again. Then the connection is a new
    // one.
    this.#reusedAtMs = this.#connection?.reused === true ? this.#context.clock.now() : 0;
  }

  /** Called at the first byte of any reply. */
  onResponseStarted(): void {
    this.#replying = true;
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    if (this.#finished) return;
    if (status < 200) {
      this.#interimReplies += 1;
      if (this.#interimReplies > transportLimits.interimRepliesMax) this.#finish("bad_reply");
      return;
    }
    this.#status = status;
    keepFirstValues(headers);
    this.#replyHeaders = headers;
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Uint8Array): void {
    if (this.#finished) return;
    if (this.#wholeReply !== null) {
      if (!this.#wholeReply.append(chunk)) this.#finish("reply_too_large");
      return;
    }
    const { replyBytesMax, replyKeptBytes } = this.#context;
    this.#receivedBytes += chunk.byteLength;
    if (this.#kept.byteLength < replyKeptBytes) this.#kept = joined(this.#kept, chunk, replyKeptBytes);
    if (this.#receivedBytes > replyBytesMax) this.#finish(null);
  }

  onResponseEnd(): void {
    if (this.#finished) return;
    this.#whole = true;
    this.#finish(null);
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error): void {
    if (this.#finished) return;
    const code = classifyFailure(error, this.#connection?.peerEnded ?? false);
    if (this.#isStaleConnection(code)) {
      this.#isSecondTry = true;
      this.#reusedAtMs = 0;
      process.nextTick(Exchange.#restart, this);
    } else {
      this.#finish(code);
    }
  }

  /**
   * A server may close an idle connection at the moment when this POST uses it. That is not a failed attempt, so the
   * POST is sent again over a new connection, within the same attempt and deadline. undici does not repeat a POST,
   * because the receiver may have processed the first one. Here this is allowed, because delivery is at least once,
   * both POSTs have the same message id, and no later message of an ordered subscription was sent in between. To keep
   * duplicates rare, three conditions must hold: the connection had been idle, no byte of a reply came, and the
   * connection ended within `staleConnectionMsMax` of writing. A close that crossed the request arrives within one
   * round trip; a receiver that closes later has probably read the request.
   */
  #isStaleConnection(code: TransportErrorCode): boolean {
    return (
      code === "connection_reset" &&
      this.#reusedAtMs !== 0 &&
      !this.#replying &&
      this.#context.clock.now() - this.#reusedAtMs <= transportLimits.staleConnectionMsMax
    );
  }

  // ---- the end

  #finish(error: TransportErrorCode | null): void {
    if (this.#finished) return;
    this.#finished = true;
    this.#error = error;
    this.#durationMs = Math.max(0, Math.round(this.#context.clock.now() - this.#startedAtMs));
    this.#context.deadlines.remove(this);
    process.nextTick(Exchange.#report, this);
  }

  #enterPool(): void {
    this.#pool = this.#context.pools.of(this.#endpoint.origin);
    if (this.#pool === null) this.#finish("connect_failed");
    else this.#pool.start(this);
  }

  #leavePool(): void {
    const [pool, connection] = [this.#pool, this.#connection];
    this.#pool = null;
    this.#connection = null;
    pool?.finish(this, connection, this.#whole);
  }

  /** Runs in a tick of its own, after undici has removed the failed connection. */
  static readonly #restart = (exchange: Exchange): void => {
    if (exchange.#finished) return;
    exchange.#leavePool();
    exchange.#enterPool();
  };

  static readonly #report = (exchange: Exchange): void => {
    exchange.#leavePool();
    exchange.#done({
      durationMs: exchange.#durationMs,
      error: exchange.#error,
      status: exchange.#status,
      headers: exchange.#replyHeaders,
      body: exchange.#wholeReply?.bytes() ?? exchange.#kept,
    });
  };
}

/** undici returns an array for a repeated header. The object belongs to this reply only, so it may be changed. */
function keepFirstValues(headers: IncomingHttpHeaders): asserts headers is Record<string, string> {
  for (const name in headers) {
    const value = headers[name];
    if (typeof value === "object") headers[name] = value[0];
  }
}

/** Copies the bytes, because a view of the chunk would keep the socket's whole buffer in memory. */
function joined(kept: Uint8Array, chunk: Uint8Array, bytesMax: number): Uint8Array {
  const taken = Math.min(chunk.byteLength, bytesMax - kept.byteLength);
  const copy = new Uint8Array(kept.byteLength + taken);
  copy.set(kept);
  copy.set(taken === chunk.byteLength ? chunk : chunk.subarray(0, taken), kept.byteLength);
  return copy;
}
