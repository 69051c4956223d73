import type { Server } from "../server/launch.ts";
import { median } from "../statistics/percentiles.ts";
import type { Bench } from "./bench.ts";

/** The server's own count of what it has sent to its database. */
const STATEMENTS = "ringback_store_statements_total";

export interface DatabaseCost {
  readonly cpuUs: number;
  /** Each of them is one round trip. */
  readonly statements: number;
  readonly walBytes: number;
}

/** What messages cost: of all of them, or of each. */
export interface Cost {
  /** CPU time of all nodes. */
  readonly nodesUs: number;
  /** Null with the embedded database, whose work is the node's. */
  readonly database: DatabaseCost | null;
}

/** Reads everything before and after. What its own questions cost stays outside, but for one statement to each node. */
export class CostMeter {
  readonly #bench: Bench;
  readonly #nodes: readonly Server[];
  readonly #before: Cost;

  private constructor(bench: Bench, nodes: readonly Server[], before: Cost) {
    this.#bench = bench;
    this.#nodes = nodes;
    this.#before = before;
  }

  static async start(bench: Bench, nodes: readonly Server[]): Promise<CostMeter> {
    const counts = await databaseCounts(bench, nodes);
    return new CostMeter(bench, nodes, cost(cpu(bench, nodes), counts));
  }

  async stop(): Promise<Cost> {
    const used = cpu(this.#bench, this.#nodes);
    return costBetween(this.#before, cost(used, await databaseCounts(this.#bench, this.#nodes)));
  }
}

interface Cpu {
  readonly nodesUs: number;
  readonly databaseUs: number;
}

function cpu({ database }: Bench, nodes: readonly Server[]): Cpu {
  return {
    nodesUs: nodes.reduce((sum, node) => sum + node.cpuUs(), 0),
    databaseUs: database?.cpuUs() ?? 0,
  };
}

type Counts = Omit<DatabaseCost, "cpuUs">;

async function databaseCounts({ database }: Bench, nodes: readonly Server[]): Promise<Counts | null> {
  if (database === null) return null;
  const counts = await Promise.all(nodes.map(async (node) => (await node.metrics())[STATEMENTS] ?? Number.NaN));
  return { statements: counts.reduce((sum, count) => sum + count, 0), walBytes: await database.walBytes() };
}

function cost({ nodesUs, databaseUs }: Cpu, counts: Counts | null): Cost {
  return { nodesUs, database: counts === null ? null : { cpuUs: databaseUs, ...counts } };
}

export function costBetween(before: Cost, after: Cost): Cost {
  return combine([before, after], ([from = Number.NaN, to = Number.NaN]) => to - from);
}

export function costPerMessage(all: Cost, messages: number): Cost {
  return combine([all], ([value = Number.NaN]) => value / messages);
}

export function medianCost(costs: readonly Cost[]): Cost {
  return combine(costs, median);
}

/** Of nodes and database together. */
export function totalUs({ nodesUs, database }: Cost): number {
  return nodesUs + (database?.cpuUs ?? 0);
}

/** The database's, of the CPU time of nodes and database. */
export function databasePercent(of: Cost): number {
  return (100 * (of.database?.cpuUs ?? 0)) / totalUs(of);
}

function combine(costs: readonly Cost[], how: (values: readonly number[]) => number): Cost {
  const databases = costs.flatMap(({ database }) => database ?? []);
  const of = (part: keyof DatabaseCost): number => how(databases.map((database) => database[part]));
  return {
    nodesUs: how(costs.map(({ nodesUs }) => nodesUs)),
    database:
      databases.length === 0 ? null : { cpuUs: of("cpuUs"), statements: of("statements"), walBytes: of("walBytes") },
  };
}
