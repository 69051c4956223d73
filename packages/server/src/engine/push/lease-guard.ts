import type { Timers } from "../../domain/ports.ts";
import { engineLimits } from "../engine-limits.ts";

export interface LeaseGuardOptions {
  /**
   * `LogStore.touch`: null or another number than before means that other processes may have taken this process's
   * claims.
   */
  readonly touch: () => number | null;
  /** Renews the leases of all open claims and drops the claims whose lease was lost. */
  readonly renew: () => Promise<void>;
  /** Called when the claims are confirmed again, so that sending can go on. */
  readonly confirmed: () => void;
  readonly timers: Timers;
  readonly failed: (error: unknown) => void;
}

/**
 * A process that was suspended for too long may have lost its claims to another process. The guard then stops all
 * sending until the leases are renewed. The renewal shows which claims were lost.
 */
export class LeaseGuard {
  readonly #options: LeaseGuardOptions;
  /** The value of `touch` when all open claims were known to be held; null: unknown. */
  #confirmedAt: number | null;
  /**
   * Counts claims that arrived after such a suspension. A renewal that started before their arrival did not include
   * them.
   */
  #lateClaims = 0;
  #isConfirming = false;
  #stopped = false;

  constructor(options: LeaseGuardOptions) {
    this.#options = options;
    this.#confirmedAt = options.touch();
  }

  /** False: sending must wait for `confirmed`. */
  areConfirmed(): boolean {
    if (this.#isConfirmed()) return true;
    if (!this.#isConfirming && !this.#stopped) {
      this.#isConfirming = true;
      this.#options.timers.soon(() => void this.#confirm());
    }
    return false;
  }

  /** `touchBefore`: the value of `touch` when the claim was requested. */
  claimArrived(touchBefore: number | null): void {
    if (touchBefore !== null && touchBefore === this.#options.touch()) return;
    this.#lateClaims++;
    this.#confirmedAt = null;
  }

  stop(): void {
    this.#stopped = true;
  }

  #isConfirmed(): boolean {
    return this.#confirmedAt !== null && this.#confirmedAt === this.#options.touch();
  }

  async #confirm(): Promise<void> {
    const { touch, renew, confirmed, timers, failed } = this.#options;
    try {
      const touchBefore = touch();
      const lateClaims = this.#lateClaims;
      if (touchBefore !== null) {
        await renew();
        if (lateClaims === this.#lateClaims) this.#confirmedAt = touchBefore;
      }
    } catch (error) {
      failed(error);
    }
    if (this.#stopped) return;
    if (this.#isConfirmed()) {
      this.#isConfirming = false;
      confirmed();
    } else timers.after(engineLimits.leaseCheckMs, () => void this.#confirm());
  }
}
