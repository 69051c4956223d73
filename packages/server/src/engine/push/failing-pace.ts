import type { AccountId } from "../../domain/model.ts";
import { TokenBucket } from "../accounts/token-bucket.ts";
import { engineLimits } from "../engine-limits.ts";
import { FifoQueue } from "../fifo-queue.ts";
import type { EngineServices } from "../services.ts";
import type { SlotUser } from "./slots.ts";

interface AccountPace {
  readonly bucket: TokenBucket;
  readonly waiting: FifoQueue<SlotUser>;
  isTimerSet: boolean;
}

/**
 * Limits how many POSTs to failing endpoints an account starts in a second. An endpoint that refuses connections fails
 * within a millisecond, so that a thousand of them would otherwise use all the CPU time of the server.
 */
export class FailingPace {
  readonly #services: Pick<EngineServices, "clock" | "timers">;
  readonly #accounts = new Map<AccountId, AccountPace>();

  constructor(services: Pick<EngineServices, "clock" | "timers">) {
    this.#services = services;
  }

  /** Returns false if the account has started too many. `user.resume` is called when the user may try again. */
  mayStart(user: SlotUser): boolean {
    const { clock, timers } = this.#services;
    const account = this.#account(user.accountId);
    const waitMs = account.bucket.take(1, engineLimits.failingPerSecondMax, clock.now());
    if (waitMs === 0) return true;
    account.waiting.add(user);
    if (!account.isTimerSet) {
      account.isTimerSet = true;
      timers.after(Math.max(waitMs, engineLimits.failingPaceMs), () => wake(account));
    }
    return false;
  }

  forget(user: SlotUser): void {
    this.#accounts.get(user.accountId)?.waiting.remove(user);
  }

  #account(accountId: AccountId): AccountPace {
    let account = this.#accounts.get(accountId);
    if (account === undefined) {
      if (this.#accounts.size >= engineLimits.accountsKeptMax) this.#forgetIdle();
      account = { bucket: new TokenBucket(), waiting: new FifoQueue(), isTimerSet: false };
      this.#accounts.set(accountId, account);
    }
    return account;
  }

  #forgetIdle(): void {
    for (const [id, { isTimerSet }] of this.#accounts) if (!isTimerSet) this.#accounts.delete(id);
  }
}

/** Wakes users in the order of their waiting, until one of them has to wait again. */
function wake(account: AccountPace): void {
  account.isTimerSet = false;
  for (let left = account.waiting.size; left > 0 && !account.isTimerSet; left--) {
    const user = account.waiting.first;
    if (user === null) return;
    account.waiting.remove(user);
    user.resume();
  }
}
