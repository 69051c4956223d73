import { RingbackError } from "../../domain/errors.ts";
import type { AccountId } from "../../domain/model.ts";

/**
 * Limits concurrent hook calls of all accounts. One hook may use at most half of them, so that a hanging program does
 * not block other hooks.
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

  /** Returns the function that ends the call. Throws `shutting_down` or `overloaded`. */
  begin(accountId: AccountId, hook: string): () => void {
    if (this.#closed) throw new RingbackError("shutting_down");
    const key = `${accountId} ${hook}`;
    const ofHook = this.#runningByHook.get(key) ?? 0;
    if (this.#running >= this.#callsMax) throw full(`${this.#callsMax} hook calls`);
    if (ofHook >= this.#callsPerHookMax) throw full(`${this.#callsPerHookMax} calls of the hook "${hook}"`);
    this.#running++;
    this.#runningByHook.set(key, ofHook + 1);
    return () => this.#end(key);
  }

  #end(key: string): void {
    this.#running--;
    const ofHook = (this.#runningByHook.get(key) ?? 1) - 1;
    if (ofHook > 0) this.#runningByHook.set(key, ofHook);
    else this.#runningByHook.delete(key);
  }

  /** Afterwards every `begin` throws `shutting_down`. */
  close(): void {
    this.#closed = true;
  }
}

function full(what: string): RingbackError {
  return new RingbackError("overloaded", `${what} are already running; try again shortly.`);
}
