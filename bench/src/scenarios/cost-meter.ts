import type { Server } from "../server/server.ts";
import type { Bench } from "./bench.ts";
import { costBetween } from "./cost.ts";
import type { Cost, DatabaseCost } from "./cost.ts";

/** The server's metric that counts the statements to the database, by kind of statement. */
const STATEMENTS = /^ringback_store_statements_total\{statement="(\w+)"\}$/;

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
