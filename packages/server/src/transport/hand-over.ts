import type { Deadlines, Expiring, Line } from "./deadline.ts";
import type { Endpoint, PostResult, TransportErrorCode } from "./port.ts";
import type { Clock, TimeMs } from "./time.ts";

export interface HandOverSetting {
  readonly clock: Clock;
  readonly deadlines: Deadlines;
}

const noHeaders: Readonly<Record<string, string>> = Object.freeze({});
const noBytes = new Uint8Array(0);

/**
 * One message on a way that carries no replies, from its call to its result. It ends once, through `finish`; the result
 * is handed over in the next tick, so that `done` runs neither inside `post` nor inside a socket's event.
 */
export abstract class HandOver implements Expiring {
  previous: Expiring | null = null;
  next: Expiring | null = null;
  line: Line | null = null;
  deadlineMs: TimeMs = 0;

  readonly body: Uint8Array;
  protected finished = false;
  private readonly handOverSetting: HandOverSetting;
  private readonly done: (result: PostResult) => void;
  private readonly startedAtMs: TimeMs;
  private readonly maySend: (() => boolean) | undefined;

  constructor(setting: HandOverSetting, endpoint: Endpoint, body: Uint8Array, done: (result: PostResult) => void) {
    this.handOverSetting = setting;
    this.body = body;
    this.done = done;
    this.startedAtMs = setting.clock.now();
    this.maySend = endpoint.maySend;
    setting.deadlines.add(this, endpoint.timeoutMs, this.startedAtMs);
  }

  /** Its time is over, or everything is. */
  abstract end(why: "timeout" | "aborted"): void;

  /**
   * Asked right before the first byte. False: its time was over while it waited for a connection, and it has ended: somebody
   * else may be sending it.
   */
  mayBegin(): boolean {
    if (this.finished) return false;
    if (this.maySend?.() !== false) return true;
    this.finish("aborted");
    return false;
  }

  /** Gives back what it holds. */
  protected abstract letGo(): void;

  /** null: the receiver's system has it. */
  finish(error: TransportErrorCode | null): void {
    if (this.finished) return;
    this.finished = true;
    const { clock, deadlines } = this.handOverSetting;
    deadlines.remove(this);
    this.letGo();
    const durationMs = Math.max(0, Math.round(clock.now() - this.startedAtMs));
    process.nextTick(this.done, { durationMs, error, status: 0, headers: noHeaders, body: noBytes });
  }
}
