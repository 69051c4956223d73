/**
 * Real: the command, its options. Faked: its process. store/migrate/move.test.ts tests the migration with databases.
 */
import { describe, expect, it } from "vitest";
import { run } from "./run.ts";
import { createFakeContext } from "./testing/fake-context.ts";

const noServer = () => Promise.reject(new Error("no server is wanted"));
const target = "postgres://me:secret@127.0.0.1:1/x";

async function migrate(args: readonly string[], env: Record<string, string> = {}) {
  const context = createFakeContext({ env });
  const code = await run(["migrate", ...args], context, noServer);
  return { code, ...context.written };
}

describe("ringback migrate", () => {
  it.each([
    [[], {}, "--to: is missing; give postgres://user:password@host:port/name"],
    [["--to", "mysql://me:secret@db/x"], {}, "--to: is not valid; give postgres://user:password@host:port/name"],
    [
      [],
      { RINGBACK_DATABASE: "sqlite" },
      "RINGBACK_DATABASE: is not valid; give postgres://user:password@host:port/name",
    ],
  ])("refuses %j with the environment %j in one line, without showing the password", async (args, env, line) => {
    expect(await migrate(args, env)).toEqual({ code: 2, stdout: "", stderr: `ringback: ${line}\n` });
  });

  it("reads folder and database from the environment, and fails with one line without the folder", async () => {
    const line = 'ringback: There is no Ringback database in the folder "./nowhere".\n';
    const byVariables = await migrate([], { RINGBACK_DATA: "./nowhere", RINGBACK_DATABASE: target });
    expect(byVariables).toEqual({ code: 1, stdout: "", stderr: line });
    const byFlags = await migrate(["--from", "./nowhere", "--to", target], { RINGBACK_DATA: "./another" });
    expect(byFlags).toEqual(byVariables);
  });
});
