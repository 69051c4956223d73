import type { Server } from "../server/server.ts";
import { median } from "../statistics/percentiles.ts";
import type { Bench } from "./bench.ts";

/** The server's metric that counts the statements to the database, by kind of statement. */
const STATEMENTS = /^ringback_store_statements_total\{statement="(\w+)"\}$/;

export interface DatabaseCost {
  readonly cpuUs: number;
  /** Each statement is one round trip. */
  readonly statements: number;
  /** The statements that carry messages. All others are wake-ups, heartbeats, reads of metrics and the like. */
  readonly appends: number;
  readonly claims: number;
  readonly settlements: number;
  readonly walBytes: number;
}

/** The cost of all messages, or of one message. */
export interface Cost {
  /** CPU time of all servers. */
  readonly serversUs: number;
  /** Null with the embedded database, whose work is part of the server's. */
  readonly database: DatabaseCost | null;
}

/** Reads all counters before and after a run. The reads themselves add one statement per server to the result. */
export class CostMeter {
  readonly #bench: Bench;
  readonly #servers: readonly Server[];
  readonly #before: Cost;

  constructor(bench: Bench, servers: readonly Server[], before: Cost) {
    this.#bench = bench;
    this.#servers = servers;
    this.#before = before;
  }

  static async start(bench: Bench, servers: readonly Server[]): Promise<CostMeter> {
    const counts = await databaseCounts(bench, servers);
    return new CostMeter(bench, servers, cost(cpu(bench, servers), counts));
  }

  async stop(): Promise<Cost> {
    const used = cpu(this.#bench, this.#servers);
    return costBetween(this.#before, cost(used, await databaseCounts(this.#bench, this.#servers)));
  }
}

interface Cpu {
  readonly serversUs: number;
  readonly databaseUs: number;
}

function cpu({ database }: Bench, servers: readonly Server[]): Cpu {
  return {
    serversUs: servers.reduce((sum, server) => sum + server.cpuUs(), 0),
    databaseUs: database?.cpuUs() ?? 0,
  };
}

type Counts = Omit<DatabaseCost, "cpuUs">;

async function databaseCounts({ database }: Bench, servers: readonly Server[]): Promise<Counts | null> {
  if (database === null) return null;
  const samples = (await Promise.all(servers.map((server) => server.metrics()))).flatMap((page) =>
    Object.entries(page),
  );
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

function cost({ serversUs, databaseUs }: Cpu, counts: Counts | null): Cost {
  return { serversUs, database: counts === null ? null : { cpuUs: databaseUs, ...counts } };
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

/** CPU time of servers and database. */
export function totalUs({ serversUs, database }: Cost): number {
  return serversUs + (database?.cpuUs ?? 0);
}

/** The database's share of the CPU time of servers and database. */
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
  return {
    serversUs: how(costs.map(({ serversUs }) => serversUs)),
    database: databases.length === 0 ? null : database(),
  };
}
