import { RingbackError } from "../../domain/errors.ts";

/**
 * Limits concurrent hook calls. One hook may use at most half of them, so that a hanging program does not block other
 * hooks.
 */
export class CallLimit {
  readonly #callsMax: number;
  readonly #callsPerHookMax: number;
  readonly #runningByHook = new Map<string, number>();
  #running = 0;
  #closed = false;

  constructor(callsMax: number) {
    this.#callsMax = callsMax;
    this.#callsPerHookMax = Math.ceil(callsMax / 2);
  }

  get running(): number {
    return this.#running;
  }

  /** Throws `shutting_down` or `overloaded`. If it does not throw, the caller must call `end` once. */
  begin(hook: string): void {
    if (this.#closed) throw new RingbackError("shutting_down");
    const ofHook = this.#runningByHook.get(hook) ?? 0;
    if (this.#running >= this.#callsMax) throw full(`${this.#callsMax} hook calls`);
    if (ofHook >= this.#callsPerHookMax) throw full(`${this.#callsPerHookMax} calls of the hook "${hook}"`);
    this.#running++;
    this.#runningByHook.set(hook, ofHook + 1);
  }

  end(hook: string): void {
    this.#running--;
    const ofHook = (this.#runningByHook.get(hook) ?? 1) - 1;
    if (ofHook > 0) this.#runningByHook.set(hook, ofHook);
    else this.#runningByHook.delete(hook);
  }

  /** Afterwards every `begin` throws `shutting_down`. */
  close(): void {
    this.#closed = true;
  }
}

function full(what: string): RingbackError {
  return new RingbackError("overloaded", `${what} are already running; try again shortly.`);
}
