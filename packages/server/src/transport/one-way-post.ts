import type { DeadlineGroup, Deadlines, Expiring } from "./deadline.ts";
import type { Endpoint, PostResult, TransportErrorCode } from "./port.ts";
import type { Clock, TimeMs } from "./time.ts";

export interface OneWayContext {
  readonly clock: Clock;
  readonly deadlines: Deadlines;
}

const noHeaders: Readonly<Record<string, string>> = Object.freeze({});
const noBytes = new Uint8Array(0);

/**
 * One message over TCP or a WebSocket, where there are no replies. Ends exactly once, through `finish`. `done` is
 * called in the next tick, so never during `post` or inside a socket's event.
 */
export abstract class OneWayPost implements Expiring {
  previous: Expiring | null = null;
  next: Expiring | null = null;
  group: DeadlineGroup | null = null;
  deadlineMs: TimeMs = 0;

  readonly body: Uint8Array;
  protected finished = false;
  readonly #context: OneWayContext;
  readonly #done: (result: PostResult) => void;
  readonly #startedAtMs: TimeMs;
  readonly #maySend: (() => boolean) | undefined;

  constructor(context: OneWayContext, endpoint: Endpoint, body: Uint8Array, done: (result: PostResult) => void) {
    this.#context = context;
    this.body = body;
    this.#done = done;
    this.#startedAtMs = context.clock.now();
    this.#maySend = endpoint.maySend;
    context.deadlines.add(this, endpoint.timeoutMs, this.#startedAtMs);
  }

  /** The deadline has come, or the transport closes. */
  abstract end(why: "timeout" | "aborted"): void;

  /** Called before the first byte is written. False: the message must not be sent any more, and has ended. */
  mayBegin(): boolean {
    if (this.finished) return false;
    if (this.#maySend?.() !== false) return true;
    this.finish("aborted");
    return false;
  }

  /** Releases sockets, timers and the connection budget. */
  protected abstract release(): void;

  /** null: the message was sent. */
  finish(error: TransportErrorCode | null): void {
    if (this.finished) return;
    this.finished = true;
    const { clock, deadlines } = this.#context;
    deadlines.remove(this);
    this.release();
    const durationMs = Math.max(0, Math.round(clock.now() - this.#startedAtMs));
    process.nextTick(this.#done, { durationMs, error, status: 0, headers: noHeaders, body: noBytes });
  }
}
