import { RingbackError } from "../../domain/errors.ts";
import type { AccountId } from "../../domain/model.ts";
import { AccountShare } from "../account-share.ts";

/**
 * Limits concurrent hook calls of all accounts. One hook may use at most half of them, so that a hanging program does
 * not block other hooks. One account may use at most its share.
 */
export class CallLimit {
  readonly #share: AccountShare;
  readonly #callsPerHookMax: number;
  readonly #runningByHook = new Map<string, number>();
  #closed = false;

  constructor(callsMax: number, isShared: () => boolean = () => false) {
    this.#share = new AccountShare(callsMax, isShared);
    this.#callsPerHookMax = Math.ceil(callsMax / 2);
  }

  get running(): number {
    return this.#share.used;
  }

  /** Returns the function that ends the call. Throws `shutting_down` or `overloaded`. */
  begin(accountId: AccountId, hook: string): () => void {
    if (this.#closed) throw new RingbackError("shutting_down");
    const key = `${accountId} ${hook}`;
    const ofHook = this.#runningByHook.get(key) ?? 0;
    if (!this.#share.hasRoom(accountId)) throw full("Too many hook calls");
    if (ofHook >= this.#callsPerHookMax) throw full(`${this.#callsPerHookMax} calls of the hook "${hook}"`);
    this.#share.take(accountId);
    this.#runningByHook.set(key, ofHook + 1);
    return () => this.#end(accountId, key);
  }

  #end(accountId: AccountId, key: string): void {
    this.#share.free(accountId);
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
