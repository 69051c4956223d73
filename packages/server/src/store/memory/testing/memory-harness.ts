import { ManualClock, type RetentionTimes, type StoreUnderTest } from "../../contract/harness.ts";
import { MemoryData } from "../memory-data.ts";
import { MemoryStore } from "../memory-store.ts";

/** A memory store, and what outlives it in a test. */
export class MemoryHarness implements StoreUnderTest {
  readonly clock = new ManualClock();
  readonly #data = new MemoryData({ name: "default", appId: 1_250_000_000 });
  readonly #retention: RetentionTimes;
  store: MemoryStore;

  constructor(retention: RetentionTimes) {
    this.#retention = retention;
    this.store = this.#start();
  }

  static open(retention: RetentionTimes = {}): Promise<MemoryHarness> {
    return Promise.resolve(new MemoryHarness(retention));
  }

  /** Memory ends with its process; here the data stays, so that what depends on claims and leases can be tested. */
  crash(): Promise<void> {
    this.#data.releaseClaims(this.clock.now());
    this.store = this.#start();
    return Promise.resolve();
  }

  dispose(): Promise<void> {
    return this.store.close();
  }

  #start(): MemoryStore {
    return new MemoryStore({ clock: this.clock, data: this.#data, ...this.#retention });
  }
}
