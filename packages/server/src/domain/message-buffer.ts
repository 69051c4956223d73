import { LastPoll } from "./last-poll.ts";
import type { TimeMs } from "./model.ts";

export interface BufferLimits {
  /** null: keep until taken. */
  readonly whilePolledMs: number | null;
  /** Those that wait. */
  readonly messagesMax: number;
  /** Of those that wait and those that are on their way to clients, who may read them slowly. */
  readonly bytesMax: number;
}

export interface Buffered {
  readonly body: Uint8Array;
  /** Its place among all that were ever kept. */
  readonly place: number;
}

/** An inbox in memory: first in, first out, by the rules of those that the server keeps in its database. */
export class MessageBuffer {
  readonly #limits: BufferLimits;
  readonly #lastPoll: LastPoll;
  #waiting: Buffered[] = [];
  #bytes = 0;
  #placesGiven = 0;
  /** What has one of these places was given up by the rule of polling. */
  #emptiedThrough = 0;

  constructor(limits: BufferLimits, startMs: TimeMs) {
    this.#limits = limits;
    this.#lastPoll = new LastPoll(startMs);
  }

  get count(): number {
    return this.#waiting.length;
  }

  /** `dropped`: nobody polls, and with it went all that waited. */
  arrive(body: Uint8Array, nowMs: TimeMs): "kept" | "dropped" | "full" {
    const { whilePolledMs, messagesMax, bytesMax } = this.#limits;
    if (!this.#lastPoll.keeps(whilePolledMs, nowMs)) {
      for (const { body } of this.#waiting) this.#bytes -= body.byteLength;
      this.#waiting = [];
      this.#emptiedThrough = this.#placesGiven;
      return "dropped";
    }
    if (this.#waiting.length >= messagesMax || this.#bytes + body.byteLength > bytesMax) return "full";
    this.#waiting.push({ body, place: ++this.#placesGiven });
    this.#bytes += body.byteLength;
    return "kept";
  }

  /** The oldest, until it is `gone` or given back; null when there is none. Also a poll. */
  take(nowMs: TimeMs): Buffered | null {
    this.#lastPoll.note(nowMs);
    return this.#waiting.shift() ?? null;
  }

  /** Whoever took it has got it. */
  gone({ body }: Buffered): void {
    this.#bytes -= body.byteLength;
  }

  /** Whoever took it has not got it: it waits again, in its place. */
  giveBack(message: Buffered): void {
    if (message.place <= this.#emptiedThrough) return this.gone(message);
    const after = this.#waiting.findIndex(({ place }) => place > message.place);
    this.#waiting.splice(after === -1 ? this.#waiting.length : after, 0, message);
  }
}
