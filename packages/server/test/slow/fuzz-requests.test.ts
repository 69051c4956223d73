/**
 * Real: the server with all of its APIs, both databases, sockets. The requests are made from the OpenAPI document, with
 * valid and hostile members. `FUZZ_SEED` repeats a run, and `FUZZ_REQUESTS` changes its length.
 */
import { expect, it } from "vitest";
import { PostgresServer } from "../../src/store/postgres/testing/postgres-server.ts";
import { temporaryFolder } from "../harness/folder.ts";
import { fuzz } from "../harness/fuzz/run.ts";
import { Server } from "../harness/server.ts";

const seed = Number(process.env["FUZZ_SEED"] ?? Date.now() % 1_000_000_000);
const count = Number(process.env["FUZZ_REQUESTS"] ?? 50_000);
/** Endpoints may be on this machine only. */
const args = ["--no-allow-private-networks", "--allowed-addresses", "127.0.0.1"];
const env = { RINGBACK_MASTER_KEY: Buffer.alloc(32, 7).toString("base64") };
const hourMs = 3_600_000;

async function expectRightAnswers(database: readonly string[]): Promise<void> {
  await using folder = await temporaryFolder();
  await using server = await Server.start({ folder: folder.path, args: [...args, ...database], env });
  process.stdout.write(`FUZZ_SEED=${seed}\n`);
  const { statuses, faults } = await fuzz(server, seed, count);
  process.stdout.write(`answers by status: ${JSON.stringify(statuses)}\n`);
  expect(faults, `FUZZ_SEED=${seed}`).toEqual([]);
  expect((await server.api.call("GET", "/readyz")).status).toBe(200);
  const { code, stdout } = await server.stop();
  expect(stdout.split("\n").filter((line) => line.includes("unexpectedly"))).toEqual([]);
  expect(code).toBe(0);
}

it("every request is answered, errors with a problem document, on SQLite", () => expectRightAnswers([]), hourMs);

it(
  "every request is answered, errors with a problem document, on PostgreSQL",
  async () => {
    const database = await PostgresServer.start();
    try {
      await expectRightAnswers(["--database", database.url()]);
    } finally {
      await database.stop();
    }
  },
  hourMs,
);
