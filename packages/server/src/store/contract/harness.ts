import type { Clock } from "../../domain/ports.ts";
import type { Store } from "../store.ts";

/** What a driver brings to run the contract. */
export interface StoreHarness {
  /** A store with nothing in it. */
  open(options?: RetentionTimes): Promise<StoreUnderTest>;
  /** Sentences of the contract that the driver does not keep, each with its reason. */
  readonly skip?: Readonly<Record<string, string>>;
}

export interface RetentionTimes {
  readonly attemptRetentionMs?: number;
  readonly deadLetterRetentionMs?: number;
}

export interface StoreUnderTest {
  /** Another one after `crash`. */
  readonly store: Store;
  /** Everything that the store knows of time. */
  readonly clock: ManualClock;
  /**
   * The process ends without a word and another one opens what is durable. Nothing may be closed, written or waited for
   * that an ended process would not.
   */
  crash(): Promise<void>;
  dispose(): Promise<void>;
}

export class ManualClock implements Clock {
  #nowMs = 1_700_000_000_000;

  now(): number {
    return this.#nowMs;
  }

  advance(ms: number): void {
    this.#nowMs += ms;
  }
}
