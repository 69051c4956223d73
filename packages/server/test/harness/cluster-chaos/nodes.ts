import { setTimeout as pause } from "node:timers/promises";
import type { PostgresServer } from "../../../src/store/postgres/testing/postgres-server.ts";
import { Server } from "../server.ts";
import type { ServerOptions } from "../server.ts";
import { until } from "../until.ts";
import { applicationName, ask, databaseName, isQuiet } from "./database.ts";
import type { Disturbances } from "./disturbances.ts";
import type { Nodes } from "./publishers.ts";
import { nodeCount } from "./script.ts";

/** A server process, and the id of its node in the database. */
interface Life {
  readonly server: Server;
  readonly id: number;
}

export interface ClusterNodesOptions {
  readonly database: PostgresServer;
  readonly folder: string;
  readonly disturbances: Disturbances;
  readonly nodeGoneAfterMs: number;
  /** Further arguments of each server. */
  readonly args?: readonly string[];
  readonly env?: (node: number) => ServerOptions["env"];
}

const startRetryMs = 100;
/** The least number of deliveries that a node must have claimed when it is stopped. */
const heldMin = 3;

/**
 * Servers on one database. The servers start one at a time. Therefore the newest node id in the database belongs to the
 * newest server.
 */
export class ClusterNodes implements Nodes, AsyncDisposable {
  readonly count = nodeCount;
  readonly #options: ClusterNodesOptions;
  readonly #lives: (Life | null)[] = Array.from({ length: nodeCount }, () => null);
  #beginning: Promise<void> = Promise.resolve();
  /** Number of starts that failed because the database was unavailable or the connections were cut. */
  startsInVain = 0;
  /** Number of deliveries whose claims were lost while their node was stopped. */
  deliveriesLost = 0;

  constructor(options: ClusterNodesOptions) {
    this.#options = options;
  }

  /** Returns the server of the node; null while the node is down. */
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
    // Waits until the receiver has read the requests that the process sent before it was killed.
    await socketsRead();
    end();
  }

  /** Stops a node while it has claims. When the claims are lost, the node continues and the promise resolves. */
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
        const { database, folder, nodeGoneAfterMs, env, args: more = [] } = this.#options;
        const url = `${database.url(databaseName)}?application_name=${applicationName(node)}`;
        const args = ["--database", url, "--node-gone-after-ms", String(nodeGoneAfterMs), ...more];
        const server = await Server.start({ folder, args, env: env?.(node) ?? {} });
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

/**
 * Number of turns of the event loop in which a receiver in this process reads all bytes that have reached its sockets.
 */
const socketTurns = 20;

export async function socketsRead(): Promise<void> {
  for (let turn = 0; turn < socketTurns; turn++) await new Promise((resolve) => setTimeout(resolve, 1));
}
