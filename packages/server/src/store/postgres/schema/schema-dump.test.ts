import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, it } from "vitest";
import { dumpFile, dumpMigrated } from "../testing/schema-dump.ts";
import { PostgresServer } from "../testing/postgres-server.ts";

// Real: PostgreSQL and its catalog. Nothing is faked.
let server: PostgresServer;
beforeAll(async () => void (server = await PostgresServer.start()));
afterAll(() => server.stop());

it("has the schema in schema.dump.sql, which `npm run generate:schema` writes", async () => {
  expect(await dumpMigrated(server)).toBe(readFileSync(dumpFile, "utf8"));
});
