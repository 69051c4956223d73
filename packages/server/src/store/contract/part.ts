import type { StoreHarness, StoreUnderTest } from "./harness.ts";

/** The functions with which a part of the contract declares its tests. */
export interface Part {
  /** Declares one requirement that every driver must meet, and its test. A driver can skip it by stating a reason. */
  readonly promise: (sentence: string, proof: () => Promise<void>) => void;
  /** A store that all tests of a file share. Each test creates topics of its own. */
  readonly shared: () => StoreUnderTest;
  /**
   * Runs `work` with a store that has no topic. Other tests of the file may have used the store, and its clock shows
   * any time. Opening a store costs more than most tests do.
   */
  readonly empty: <T>(work: (under: StoreUnderTest) => Promise<T>) => Promise<T>;
  /** Runs `work` with a store of its own, and disposes of the store afterwards. */
  readonly fresh: <T>(
    work: (under: StoreUnderTest) => Promise<T>,
    options?: Parameters<StoreHarness["open"]>[0],
  ) => Promise<T>;
}
