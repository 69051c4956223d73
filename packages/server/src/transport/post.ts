import type { DeadlineGroup, Deadlines, Expiring } from "./deadline.ts";
import type { Failure } from "./failure.ts";
import type { Endpoint, PostResult, PostTimings, TransportErrorCode } from "./port.ts";
import type { Clock, TimeMs } from "./time.ts";

export interface PostContext {
  readonly clock: Clock;
  readonly deadlines: Deadlines;
}

const noHeaders: Readonly<Record<string, string>> = Object.freeze({});
export const noBytes = new Uint8Array(0);

/**
 * One POST from its call to its result. Ends exactly once, through `finish`. `done` is called in the next tick, so
 * never during `post` or inside a socket's event.
 */
export abstract class Post implements Expiring {
  previous: Expiring | null = null;
  next: Expiring | null = null;
  group: DeadlineGroup | null = null;
  deadlineMs: TimeMs = 0;

  readonly endpoint: Endpoint;
  readonly body: Uint8Array;
  /** 0 until the reply's status has come. TCP and WebSockets have no replies. */
  protected status = 0;
  protected replyHeaders: Readonly<Record<string, string>> = noHeaders;
  /** Only for an observed endpoint. */
  protected timings: PostTimings | undefined;
  protected replyLines: readonly string[] | undefined;
  /** True: the reply had more bytes than are reported. */
  protected isReplyCut = false;
  /** True: the reply had more bytes than are read. */
  protected isReplyTooLong = false;
  readonly #context: PostContext;
  readonly #done: (result: PostResult) => void;
  readonly #startedAtMs: TimeMs;
  #finished = false;
  #error: TransportErrorCode | null = null;
  #errorDetail: string | null = null;
  #durationMs = 0;

  constructor(context: PostContext, endpoint: Endpoint, body: Uint8Array, done: (result: PostResult) => void) {
    this.#context = context;
    this.endpoint = endpoint;
    this.body = body;
    this.#done = done;
    this.#startedAtMs = context.clock.now();
    context.deadlines.add(this, endpoint.timeoutMs, this.#startedAtMs);
  }

  get isFinished(): boolean {
    return this.#finished;
  }

  /** Called when the deadline has come or the transport closes. */
  end(why: "timeout" | "aborted"): void {
    this.finish(why, why === "timeout" ? `${this.waitedFor()} within ${this.endpoint.timeoutMs} ms` : null);
  }

  /** The event that has not happened before the deadline, as in "no reply". */
  protected waitedFor(): string {
    return "no connection";
  }

  /** Called before the first byte is written. False: the message must not be sent any more, and the POST has ended. */
  mayBegin(): boolean {
    if (this.#finished) return false;
    if (this.endpoint.maySend?.() !== false) return true;
    this.finish("aborted");
    return false;
  }

  /** `error` is null if a reply came, or if the message was sent over a protocol without replies. */
  finish(error: TransportErrorCode | null, detail: string | null = null): void {
    if (this.#finished) return;
    this.#finished = true;
    this.#error = error;
    this.#errorDetail = detail;
    this.#durationMs = Math.max(0, Math.round(this.#context.clock.now() - this.#startedAtMs));
    this.#context.deadlines.remove(this);
    this.release();
    process.nextTick(Post.#report, this);
  }

  /** Subclasses release sockets, timers and their share of the connection limit here, without delay. */
  protected release(): void {}

  /** Called in the next tick after `finish`. Calls `report` once, now or later. */
  protected conclude(): void {
    this.report(noBytes);
  }

  /** `body`: the part of the reply's body that was received. `failure`: the body cannot be used. */
  protected report(body: Uint8Array, failure: Failure | null = null): void {
    const error = this.#error ?? failure?.code ?? null;
    const errorDetail = this.#error === null ? (failure?.detail ?? null) : this.#errorDetail;
    const { status, replyHeaders: headers, isReplyCut: isCut, isReplyTooLong: isTooLong } = this;
    const result = { durationMs: this.#durationMs, error, errorDetail, status, headers, body, isCut, isTooLong };
    const { timings, replyLines = [] } = this;
    this.#done(timings === undefined ? result : { ...result, timings, replyLines });
  }

  static readonly #report = (post: Post): void => post.conclude();
}
