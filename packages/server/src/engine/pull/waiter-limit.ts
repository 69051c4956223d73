import type { AccountId } from "../../domain/model.ts";
import type { AccountShare } from "../account-share.ts";
import { RingbackError } from "../../domain/errors.ts";

/** Limits the waiting requests, per queue and for all queues of one kind together. One account has a share. */
export class WaiterLimit {
  readonly #perQueueMax: number;
  readonly #share: AccountShare;
  readonly #changed: () => void;

  /** `changed` runs after each change of the count. */
  constructor(perQueueMax: number, share: AccountShare, changed: () => void) {
    this.#perQueueMax = perQueueMax;
    this.#share = share;
    this.#changed = changed;
  }

  get count(): number {
    return this.#share.used;
  }

  /**
   * Adds one request to a queue with `waiting` waiting requests. Returns an error if the request would exceed a limit.
   */
  add(accountId: AccountId, waiting: number): RingbackError | null {
    if (waiting >= this.#perQueueMax || !this.#share.hasRoom(accountId)) return new RingbackError("too_many_waiters");
    this.#share.take(accountId);
    this.#changed();
    return null;
  }

  remove(accountId: AccountId): void {
    this.#share.free(accountId);
    this.#changed();
  }
}
