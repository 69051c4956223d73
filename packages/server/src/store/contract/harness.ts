import type { Clock } from "../../domain/ports.ts";
import type { TopicNumberLimits } from "../../domain/topic-number.ts";
import type { Store } from "../store.ts";

/** The interface through which the contract runs a driver. */
export interface StoreHarness {
  /** Opens an empty store. */
  open(options?: StoreUnderTestOptions): Promise<StoreUnderTest>;
  /** Titles of the tests that the driver cannot pass, each with the reason. */
  readonly skip?: Readonly<Record<string, string>>;
}

export interface StoreUnderTestOptions {
  readonly attemptRetentionMs?: number;
  readonly deadLetterRetentionMs?: number;
  readonly auditRetentionMs?: number;
  readonly topicNumbers?: TopicNumberLimits;
}

export interface StoreUnderTest {
  /** A new store after each `crash`. */
  readonly store: Store;
  /** The only clock of the store. */
  readonly clock: ManualClock;
  /**
   * Ends the process of the store and opens its durable data in another process. The ended store must not close, write
   * or wait for anything any more.
   */
  crash(): Promise<void>;
  dispose(): Promise<void>;
}

export class ManualClock implements Clock {
  #nowMs = 1_700_000_000_000;
  #aheadMs = 0;

  now(): number {
    return this.#nowMs;
  }

  wall(steadyMs = this.#nowMs): number {
    return steadyMs + this.#aheadMs;
  }

  /** Sets the simulated machine's clock ahead, or back if `ms` is negative. */
  jump(ms: number): void {
    this.#aheadMs += ms;
  }

  /** Sets the simulated machine's clock right again. */
  correct(): void {
    this.#aheadMs = 0;
  }

  advance(ms: number): void {
    this.#nowMs += ms;
  }
}
