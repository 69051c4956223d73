import type { TimeMs } from "../../domain/model.ts";
import type { Clock } from "../../domain/ports.ts";
import type { ClusterStore, ConnectionUse, NodeLabel, StoreNode } from "../cluster.ts";

/** One process: another could not reach the memory of this one. */
export class MemoryCluster implements ClusterStore {
  readonly #clock: Clock;
  readonly #label: NodeLabel;
  readonly #startedAtMs: TimeMs;

  constructor(clock: Clock, label: NodeLabel) {
    this.#clock = clock;
    this.#label = label;
    this.#startedAtMs = clock.now();
  }

  async nodes(): Promise<readonly StoreNode[]> {
    const times = { startedAtMs: this.#startedAtMs, lastSeenAtMs: this.#clock.now() };
    return [{ id: 1, ...this.#label, ...times, isAlive: true, isThis: true }];
  }

  connections(): readonly ConnectionUse[] {
    return [];
  }

  writable(): boolean {
    return true;
  }
}
