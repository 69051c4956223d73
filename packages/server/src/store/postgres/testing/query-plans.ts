import { Client } from "pg";
import type { PostgresServer } from "./postgres-server.ts";

interface PlanNode {
  readonly "Node Type": string;
  readonly "Index Name"?: string;
  readonly "Relation Name"?: string;
  readonly "Actual Rows": number;
  readonly "Actual Loops": number;
  readonly "Rows Removed by Filter"?: number;
  readonly "Shared Hit Blocks"?: number;
  readonly "Shared Read Blocks"?: number;
  readonly Plans?: readonly PlanNode[];
}

/** The work that a statement did. */
export interface PlanReading {
  /** Rows of tables that were read, whether or not they were used. */
  readonly rows: number;
  readonly pages: number;
  /** Names of tables that were read sequentially. */
  readonly scanned: readonly string[];
  /** Names of indexes that were read. */
  readonly indexes: readonly string[];
}

/**
 * Runs a statement with the plan that a connection uses after some executions: one plan for all values. `values`: SQL
 * literals.
 */
export async function readPlan(
  server: PostgresServer,
  database: string,
  sql: string,
  values: readonly string[],
): Promise<PlanReading> {
  const client = new Client({ connectionString: server.url(database) });
  await client.connect();
  try {
    await client.query("SET plan_cache_mode = force_generic_plan");
    await client.query(`PREPARE searched AS ${sql}`);
    const explained = await client.query<{ "QUERY PLAN": readonly { Plan: PlanNode }[] }>(
      `EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE searched (${values.join(", ")})`,
    );
    return readingOf((explained.rows[0] as NonNullable<(typeof explained.rows)[0]>)["QUERY PLAN"][0]?.Plan as PlanNode);
  } finally {
    await client.end();
  }
}

function readingOf(root: PlanNode): PlanReading {
  const nodes = allNodes(root);
  const scans = nodes.filter((node) => node["Relation Name"] !== undefined);
  return {
    rows: sum(
      scans.map((node) => (node["Actual Rows"] + (node["Rows Removed by Filter"] ?? 0)) * node["Actual Loops"]),
    ),
    pages: (root["Shared Hit Blocks"] ?? 0) + (root["Shared Read Blocks"] ?? 0),
    scanned: scans
      .filter((node) => node["Node Type"] === "Seq Scan" && node["Actual Loops"] > 0)
      .map((node) => node["Relation Name"] ?? ""),
    indexes: nodes.filter((node) => node["Actual Loops"] > 0).flatMap((node) => node["Index Name"] ?? []),
  };
}

function allNodes(node: PlanNode): readonly PlanNode[] {
  return [node, ...(node.Plans ?? []).flatMap(allNodes)];
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}
