import { median } from "../statistics/percentiles.ts";

export interface DatabaseCost {
  readonly cpuUs: number;
  /** Each statement is one round trip. */
  readonly statements: number;
  /**
   * Statements that store messages. The statements that are neither appends, claims nor settlements are wake-ups,
   * heartbeats, reads of metrics and the like.
   */
  readonly appends: number;
  readonly claims: number;
  readonly settlements: number;
  readonly walBytes: number;
}

/** The cost of all messages, or of one message. */
export interface Cost {
  /** CPU time of all servers. */
  readonly serversUs: number;
  /** Null with the embedded database. Its work is part of the server's CPU time. */
  readonly database: DatabaseCost | null;
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
