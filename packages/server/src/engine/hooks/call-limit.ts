import { RingbackError } from "../../domain/errors.ts";

/**
 * Counts calls in and out: so many at once and no more, none once it is closed, and of one hook no more than half, so
 * that a hook whose programs hang leaves room for the others.
 */
export class CallLimit {
  readonly #callsMax: number;
  readonly #callsPerHookMax: number;
  readonly #insideByHook = new Map<string, number>();
  #inside = 0;
  #closed = false;

  constructor(callsMax: number) {
    this.#callsMax = callsMax;
    this.#callsPerHookMax = Math.ceil(callsMax / 2);
  }

  get inside(): number {
    return this.#inside;
  }

  /** Throws `shutting_down` and `overloaded`; whoever has entered leaves. */
  enter(hook: string): void {
    if (this.#closed) throw new RingbackError("shutting_down");
    const ofHook = this.#insideByHook.get(hook) ?? 0;
    if (this.#inside >= this.#callsMax) throw full(`${this.#callsMax} calls of hooks`);
    if (ofHook >= this.#callsPerHookMax) throw full(`${this.#callsPerHookMax} calls of the hook "${hook}"`);
    this.#inside++;
    this.#insideByHook.set(hook, ofHook + 1);
  }

  leave(hook: string): void {
    this.#inside--;
    const ofHook = (this.#insideByHook.get(hook) ?? 1) - 1;
    if (ofHook > 0) this.#insideByHook.set(hook, ofHook);
    else this.#insideByHook.delete(hook);
  }

  close(): void {
    this.#closed = true;
  }
}

function full(what: string): RingbackError {
  return new RingbackError("overloaded", `${what} are under way already; try again shortly.`);
}
