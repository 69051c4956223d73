import type { HttpLimits } from "./http-limits.ts";

/** A request body that is arriving. */
export interface ArrivingBody {
  bytes: number;
  /** Until this time, the body keeps its memory even if it does not move. Set by each piece. */
  keepsUntilMs: number;
  /** Refuses the body: drops its bytes and answers the request. */
  readonly giveUp: () => void;
}

/** A body of up to this size may use the reserve. Nearly all messages are smaller. */
const smallBodyBytesMax = 64 * 1024;
/** The part of the memory that only small bodies may use: 8 MiB of 128 MiB. */
const reserveShare = 1 / 16;

export type BodyBudgetLimits = Pick<
  HttpLimits,
  "requestBytesArrivingMax" | "requestBodyPauseMsMax" | "requestBytesPerSecondMin"
>;

/**
 * The memory for all request bodies that are still arriving. Clients that send most of a body and then stall must not
 * keep others from publishing:
 *
 * - When a piece finds no room, slow bodies lose theirs, and their requests are answered with 408. A body is slow if it
 *   has paused for longer than `requestBodyPauseMsMax`, or if it trickles. Each byte pays for
 *   1 / `requestBytesPerSecondMin` seconds, and no more than the longest pause can be saved up. One byte from time to
 *   time therefore does not help. The body that has been slow for the longest time is first.
 * - If no body is slow, the new piece is refused with 503. The bodies that move at a good speed can therefore end.
 * - A part of the memory is a reserve for small bodies, so that small publishes have room even while all others move.
 *
 * While there is room, a body may be as slow as it likes.
 */
export class BodyBudget {
  readonly #limits: BodyBudgetLimits;
  readonly #nowMs: () => number;
  readonly #bodies = new Set<ArrivingBody>();
  #bytes = 0;

  constructor(limits: BodyBudgetLimits, nowMs: () => number = () => performance.now()) {
    this.#limits = limits;
    this.#nowMs = nowMs;
  }

  /** Whether a body that arrives whole can be taken. Such a body need not be counted, because it waits for nothing. */
  hasRoomFor(bytes: number): boolean {
    return this.#bytes + bytes <= this.#roomOf(bytes);
  }

  /** Call before the first piece of a body. `end` must be called when the body is read or refused. */
  begin(giveUp: () => void): ArrivingBody {
    const body = { bytes: 0, keepsUntilMs: Infinity, giveUp };
    this.#bodies.add(body);
    return body;
  }

  /** Takes room for the next piece of the body. Returns false if there is none; the body then has no room any more. */
  take(body: ArrivingBody, bytes: number): boolean {
    const { requestBodyPauseMsMax, requestBytesPerSecondMin } = this.#limits;
    const now = this.#nowMs();
    const paidMs = (bytes * 1000) / requestBytesPerSecondMin;
    body.keepsUntilMs = Math.min(Math.max(body.keepsUntilMs, now) + paidMs, now + requestBodyPauseMsMax);
    body.bytes += bytes;
    this.#bytes += bytes;
    const room = this.#roomOf(body.bytes);
    while (this.#bytes > room) {
      const slowest = this.#slowest(body, now);
      if (slowest === null) {
        this.end(body);
        return false;
      }
      this.end(slowest);
      slowest.giveUp();
    }
    return true;
  }

  /** Releases the room of the body. Does nothing if the room has been released before. */
  end(body: ArrivingBody): void {
    if (this.#bodies.delete(body)) this.#bytes -= body.bytes;
  }

  /** The memory that all bodies together may have when a body of this size takes more. */
  #roomOf(bytes: number): number {
    return this.#limits.requestBytesArrivingMax * (bytes <= smallBodyBytesMax ? 1 : 1 - reserveShare);
  }

  /** Returns the body that has been slow for the longest time, except `newcomer`; null if no body is slow. */
  #slowest(newcomer: ArrivingBody, nowMs: number): ArrivingBody | null {
    let slowest: ArrivingBody | null = null;
    for (const body of this.#bodies) {
      const isSlow = body !== newcomer && body.keepsUntilMs <= nowMs;
      if (isSlow && body.keepsUntilMs < (slowest?.keepsUntilMs ?? Infinity)) slowest = body;
    }
    return slowest;
  }
}
