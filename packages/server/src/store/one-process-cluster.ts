import type { TimeMs } from "../domain/model.ts";
import type { Clock } from "../domain/ports.ts";
import type { ClusterStore, ConnectionUse, NodeLabel, StoreNode } from "./cluster.ts";

/** For drivers whose store only one process can have open. */
export abstract class OneProcessCluster implements ClusterStore {
  readonly #clock: Clock;
  readonly #label: NodeLabel;
  readonly #openedAtMs: TimeMs;

  constructor(clock: Clock, label: NodeLabel) {
    this.#clock = clock;
    this.#label = label;
    this.#openedAtMs = clock.now();
  }

  async nodes(): Promise<readonly StoreNode[]> {
    const times = { startedAtMs: this.#openedAtMs, lastSeenAtMs: this.#clock.now() };
    return [{ id: 1, ...this.#label, ...times, isAlive: true, isThis: true }];
  }

  connections(): readonly ConnectionUse[] {
    return [];
  }

  abstract writable(): boolean;
}
