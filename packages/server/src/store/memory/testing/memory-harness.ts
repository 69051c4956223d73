import { ManualClock, type StoreUnderTestOptions, type StoreUnderTest } from "../../contract/harness.ts";
import { emptyDatabase, MemoryStore } from "../memory-store.ts";

/** A memory store, and the database that outlives it in a test. */
export class MemoryHarness implements StoreUnderTest {
  readonly clock = new ManualClock();
  readonly #database = emptyDatabase();
  readonly #options: StoreUnderTestOptions;
  store: MemoryStore;

  constructor(options: StoreUnderTestOptions) {
    this.#options = options;
    this.store = this.#start();
  }

  static open(options: StoreUnderTestOptions = {}): Promise<MemoryHarness> {
    return Promise.resolve(new MemoryHarness(options));
  }

  /**
   * Replaces the store. Unlike in a real crash, the database in memory survives, so that tests can check claims and
   * leases afterwards.
   */
  async crash(): Promise<void> {
    // The old store can write only until the end of this turn of the event loop.
    await new Promise((resolve) => setImmediate(resolve));
    this.store = this.#start();
  }

  dispose(): Promise<void> {
    return this.store.close();
  }

  #start(): MemoryStore {
    const account = { name: "default", appId: 1_250_000_000 };
    return new MemoryStore({ account, clock: this.clock, database: this.#database, ...this.#options });
  }
}
