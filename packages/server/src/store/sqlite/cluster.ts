import type { TimeMs } from "../../domain/model.ts";
import type { Clock } from "../../domain/ports.ts";
import type { ClusterStore, ConnectionUse, NodeLabel, StoreNode } from "../cluster.ts";
import type { GroupCommit } from "./group-commit.ts";

/** A cluster of one node, because only one process can have the store open. */
export class SqliteCluster implements ClusterStore {
  readonly #clock: Clock;
  readonly #label: NodeLabel;
  readonly #commits: GroupCommit;
  readonly #openedAtMs: TimeMs;

  constructor(clock: Clock, label: NodeLabel, commits: GroupCommit) {
    this.#clock = clock;
    this.#label = label;
    this.#commits = commits;
    this.#openedAtMs = clock.now();
  }

  async nodes(): Promise<readonly StoreNode[]> {
    const times = { startedAtMs: this.#openedAtMs, lastSeenAtMs: this.#clock.now() };
    return [{ id: 1, ...this.#label, ...times, isAlive: true, isThis: true }];
  }

  connections(): readonly ConnectionUse[] {
    return [];
  }

  writable(): boolean {
    return this.#commits.writable;
  }
}
