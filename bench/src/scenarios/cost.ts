import type { Server } from "../server/launch.ts";
import { median } from "../statistics/percentiles.ts";
import type { Bench } from "./bench.ts";

/** The servers' own count of what they have sent to their database, by name. */
const STATEMENTS = /^ringback_store_statements_total\{statement="(\w+)"\}$/;

export interface DatabaseCost {
  readonly cpuUs: number;
  /** Each of them is one round trip. */
  readonly statements: number;
  /** Those of them that are on the way of a message; the others are wake-ups, heartbeats, readings and the like. */
  readonly appends: number;
  readonly claims: number;
  readonly settlements: number;
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
  const samples = (await Promise.all(nodes.map((node) => node.metrics()))).flatMap((page) => Object.entries(page));
  return { ...statementCounts(samples), walBytes: await database.walBytes() };
}

export function statementCounts(samples: readonly (readonly [string, number])[]): Omit<Counts, "walBytes"> {
  const counts = { statements: 0, append: 0, claim: 0, settle: 0 };
  for (const [sample, count] of samples) {
    const name = STATEMENTS.exec(sample)?.[1];
    if (name === undefined) continue;
    counts.statements += count;
    if (name === "append" || name === "claim" || name === "settle") counts[name] += count;
  }
  const { statements, append: appends, claim: claims, settle: settlements } = counts;
  return { statements, appends, claims, settlements };
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
  const database = (): DatabaseCost => ({
    cpuUs: of("cpuUs"),
    statements: of("statements"),
    appends: of("appends"),
    claims: of("claims"),
    settlements: of("settlements"),
    walBytes: of("walBytes"),
  });
  return { nodesUs: how(costs.map(({ nodesUs }) => nodesUs)), database: databases.length === 0 ? null : database() };
}
