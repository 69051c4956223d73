import type { AccountId } from "../domain/model.ts";

/** The part of a shared limit that one account may use while the server has other accounts. */
const shareMax = 0.75;

/**
 * Counts what is used of a limit that all accounts share. While the server has several accounts, one of them may use at
 * most three quarters, so that it cannot keep the others out. `isShared`: whether there are several accounts.
 */
export class AccountShare {
  readonly #max: number;
  readonly #isShared: () => boolean;
  readonly #byAccount = new Map<AccountId, number>();
  #used = 0;

  constructor(max: number, isShared: () => boolean) {
    this.#max = max;
    this.#isShared = isShared;
  }

  get used(): number {
    return this.#used;
  }

  /** Whether the account may use one more. */
  hasRoom(accountId: AccountId): boolean {
    if (this.#used >= this.#max) return false;
    return !this.#isShared() || (this.#byAccount.get(accountId) ?? 0) < Math.ceil(this.#max * shareMax);
  }

  take(accountId: AccountId): void {
    this.#used++;
    this.#byAccount.set(accountId, (this.#byAccount.get(accountId) ?? 0) + 1);
  }

  free(accountId: AccountId): void {
    this.#used--;
    const left = (this.#byAccount.get(accountId) ?? 1) - 1;
    if (left > 0) this.#byAccount.set(accountId, left);
    else this.#byAccount.delete(accountId);
  }
}
