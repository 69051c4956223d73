import type { StoreHarness, StoreUnderTest } from "./harness.ts";

/** What a part of the contract is written with. */
export interface Part {
  /** One sentence of the contract, skipped if the driver says why. */
  readonly promise: (sentence: string, proof: () => Promise<void>) => void;
  /** A store that the whole part shares; each test makes topics of its own. */
  readonly shared: () => StoreUnderTest;
  /** A store of the test's own, gone when the test is over. */
  readonly fresh: <T>(
    work: (under: StoreUnderTest) => Promise<T>,
    options?: Parameters<StoreHarness["open"]>[0],
  ) => Promise<T>;
}
