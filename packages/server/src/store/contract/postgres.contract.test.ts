import { afterAll, beforeAll } from "vitest";
import { PostgresDatabase } from "../postgres/testing/postgres-database.ts";
import { PostgresServer } from "../postgres/testing/postgres-server.ts";
import { storeContract } from "./contract.ts";

// Real: PostgreSQL, its processes, connections over TCP. Faked: the clock. Every statement contains the time of that
// clock. A crash cuts all connections of the store. Another store then opens the same database when the leases of the
// first store have expired.
let server: PostgresServer;
beforeAll(async () => void (server = await PostgresServer.start()));
afterAll(() => server.stop());

storeContract("postgres", {
  open: (options) => PostgresDatabase.open(server, options),
});
