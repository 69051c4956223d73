import type { ClusterStore, ConnectionUse, StoreNode } from "../cluster.ts";
import type { Database } from "./database.ts";
import type { Health } from "./health.ts";
import type { Listener } from "./listener.ts";
import { readNodes } from "./nodes.ts";
import type { Times } from "./times.ts";

export interface PostgresClusterOptions {
  readonly database: Database;
  readonly listener: Listener;
  readonly health: Health;
  readonly times: Times;
  readonly nodeId: number;
  readonly aliveMs: number;
}

export class PostgresCluster implements ClusterStore {
  readonly #options: PostgresClusterOptions;

  constructor(options: PostgresClusterOptions) {
    this.#options = options;
  }

  nodes(): Promise<readonly StoreNode[]> {
    const { database, times, nodeId, aliveMs } = this.#options;
    return readNodes(database.rest, times, nodeId, aliveMs);
  }

  connections(): readonly ConnectionUse[] {
    const { database, listener } = this.#options;
    return [database.hot.use, database.rest.use, listener.use];
  }

  writable(): boolean {
    return this.#options.health.writable;
  }
}
