import { setTimeout as pause } from "node:timers/promises";
import type { PostgresServer } from "../../../src/store/postgres/testing/postgres-server.ts";
import { Server } from "../server.ts";
import { until } from "../until.ts";
import { applicationName, ask, databaseName, isQuiet } from "./database.ts";
import type { Disturbances } from "./disturbances.ts";
import { nodeCount } from "./script.ts";

/** A process, and its id in the database. */
interface Life {
  readonly server: Server;
  readonly id: number;
}

export interface ClusterNodesOptions {
  readonly database: PostgresServer;
  readonly folder: string;
  readonly disturbances: Disturbances;
  readonly nodeGoneAfterMs: number;
}

const startRetryMs = 100;
/** Least number of deliveries that a node holds when it is stopped. */
const heldMin = 3;

/**
 * Servers on one database. They start one at a time, so that the newest id in the database belongs to the newest
 * server.
 */
export class ClusterNodes implements AsyncDisposable {
  readonly #options: ClusterNodesOptions;
  readonly #lives: (Life | null)[] = Array.from({ length: nodeCount }, () => null);
  #beginning: Promise<void> = Promise.resolve();
  /** Starts that failed because the database was away or cut their connections. */
  startsInVain = 0;
  /** Deliveries that stopped nodes held and lost. */
  deliveriesLost = 0;

  constructor(options: ClusterNodesOptions) {
    this.#options = options;
  }

  /** The server of a node; null: the node is down. */
  server(node: number): Server | null {
    return this.#lives[node]?.server ?? null;
  }

  begin(node: number): Promise<void> {
    return (this.#beginning = this.#beginning.then(() => this.#begin(node)));
  }

  async kill(node: number): Promise<void> {
    const life = this.#lives[node];
    this.#lives[node] = null;
    const end = this.#options.disturbances.begin("kill", node);
    await life?.server.kill();
    // Waits until the receiver has read from its sockets everything that the process wrote before its end.
    await socketsRead();
    end();
  }

  /** Stops a node while it holds claims. Resolves when the node has lost them and continues. */
  async stopUntilLost(node: number): Promise<void> {
    const life = this.#lives[node];
    if (life === null || life === undefined) throw new Error(`node ${node} is down`);
    for (;;) {
      life.server.signal("SIGSTOP");
      await until("nothing of it is under way in the database", () => isQuiet(this.#options.database, node), Boolean);
      const held = await this.#deliveriesOf(life);
      if (held >= heldMin) {
        this.deliveriesLost += held;
        break;
      }
      life.server.signal("SIGCONT");
      await pause(10);
    }
    await socketsRead();
    const end = this.#options.disturbances.begin("stop", node);
    await until(
      "the stopped node has lost its claims",
      () => this.#deliveriesOf(life),
      (held) => held === 0,
    );
    end();
    life.server.signal("SIGCONT");
  }

  async #begin(node: number): Promise<void> {
    for (;;) {
      try {
        const { database, folder, nodeGoneAfterMs } = this.#options;
        const url = `${database.url(databaseName)}?application_name=${applicationName(node)}`;
        const args = ["--database", url, "--node-gone-after-ms", String(nodeGoneAfterMs)];
        const server = await Server.start({ folder, args });
        const [row] = await ask<{ id: string }>(database, "SELECT max(id) AS id FROM ringback.node");
        this.#lives[node] = { server, id: Number(row?.id) };
        return;
      } catch {
        this.startsInVain++;
        await pause(startRetryMs);
      }
    }
  }

  async #deliveriesOf({ id }: Life): Promise<number> {
    const sql =
      "SELECT coalesce(sum(cardinality(seqs) + cardinality(parked)), 0) AS held FROM ringback.claim WHERE node_id = $1";
    const [row] = await ask<{ held: string }>(this.#options.database, sql, [id]);
    return Number(row?.held);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#beginning;
    for (const life of this.#lives) await life?.server.kill();
  }
}

/** Turns of the event loop in which a receiver of this process reads everything that has reached its sockets. */
const socketTurns = 20;

async function socketsRead(): Promise<void> {
  for (let turn = 0; turn < socketTurns; turn++) await new Promise((resolve) => setTimeout(resolve, 1));
}
