import { afterAll, beforeAll } from "vitest";
import { PostgresDatabase } from "../postgres/testing/postgres-database.ts";
import { PostgresServer } from "../postgres/testing/postgres-server.ts";
import { storeEnduranceContract } from "./contract.ts";

// The same parts are real and faked as in postgres.contract.test.ts.
let server: PostgresServer;
beforeAll(async () => void (server = await PostgresServer.start()));
afterAll(() => server.stop());

storeEnduranceContract("postgres", {
  open: (options) => PostgresDatabase.open(server, options),
});
