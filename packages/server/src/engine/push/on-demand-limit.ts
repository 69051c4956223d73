import { RingbackError } from "../../domain/errors.ts";
import type { AccountId } from "../../domain/model.ts";
import type { Clock } from "../../domain/ports.ts";
import { TokenBucket } from "../accounts/token-bucket.ts";
import { AccountShare } from "../account-share.ts";
import { engineLimits } from "../engine-limits.ts";

/**
 * Limits the requests to endpoints that callers of the API start: tests and verifications. Without a limit, one caller
 * could make the server send requests as fast as the API answers.
 */
export class OnDemandLimit {
  readonly #clock: Pick<Clock, "now">;
  readonly #share: AccountShare;
  readonly #running = new Map<AccountId, number>();
  readonly #rates = new Map<AccountId, TokenBucket>();

  /** `isShared`: whether the server has several accounts. */
  constructor(clock: Pick<Clock, "now">, isShared: () => boolean = () => false) {
    this.#clock = clock;
    this.#share = new AccountShare(engineLimits.onDemandMax, isShared);
  }

  /** Throws `too_many_tests`. */
  async run<T>(accountId: AccountId, work: () => Promise<T>): Promise<T> {
    const running = this.#running.get(accountId) ?? 0;
    if (running >= engineLimits.onDemandPerAccountMax || !this.#share.hasRoom(accountId)) {
      throw new RingbackError("too_many_tests");
    }
    this.#takeStart(accountId);
    this.#running.set(accountId, running + 1);
    this.#share.take(accountId);
    try {
      return await work();
    } finally {
      this.#share.free(accountId);
      const left = (this.#running.get(accountId) ?? 1) - 1;
      if (left > 0) this.#running.set(accountId, left);
      else this.#running.delete(accountId);
    }
  }

  forget(accountId: AccountId): void {
    this.#rates.delete(accountId);
  }

  #takeStart(accountId: AccountId): void {
    let rate = this.#rates.get(accountId);
    if (rate === undefined) this.#rates.set(accountId, (rate = new TokenBucket()));
    const waitMs = rate.take(1, engineLimits.onDemandPerSecondMax, this.#clock.now());
    if (waitMs === 0) return;
    throw new RingbackError("too_many_tests", undefined, { retryAfterS: Math.ceil(waitMs / 1000) });
  }
}
