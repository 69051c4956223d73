import type { StoreHarness, StoreUnderTest } from "./harness.ts";

/** The functions with which a part of the contract states its sentences. */
export interface Part {
  /** Declares one requirement that every driver must meet, and its test. A driver can skip it by stating a reason. */
  readonly promise: (sentence: string, proof: () => Promise<void>) => void;
  /** A store that all sentences of the part share; each creates topics of its own. */
  readonly shared: () => StoreUnderTest;
  /** Runs `work` with a store of its own, and disposes of the store afterwards. */
  readonly fresh: <T>(
    work: (under: StoreUnderTest) => Promise<T>,
    options?: Parameters<StoreHarness["open"]>[0],
  ) => Promise<T>;
}
