/**
 * Real: servers with sockets, API keys, SQLite and PostgreSQL. Nothing is faked. Requests of two accounts are sent at
 * the same time.
 */
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, test } from "vitest";
import type { SendRequest } from "../src/api/testing/account-program.ts";
import { expectNothingObserved, sameRequestId, seeds, type AccountServer } from "../src/api/testing/two-accounts.ts";
import { PostgresServer } from "../src/store/postgres/testing/postgres-server.ts";
import { withMasterKey } from "./harness/cmq/account.ts";
import { temporaryFolder } from "./harness/folder.ts";
import { startServerInProcess } from "./harness/server.ts";

let database: PostgresServer;
beforeAll(async () => void (database = await PostgresServer.start()));
afterAll(() => database.stop());

async function open(args: readonly string[]): Promise<AccountServer> {
  const folder = await temporaryFolder();
  const server = await startServerInProcess({ folder: folder.path, args, env: withMasterKey() });
  const send =
    (own: Readonly<Record<string, string>>): SendRequest =>
    async ({ method, url, json, headers }) => {
      const type = json === undefined ? {} : { "content-type": "application/json" };
      const sent = { ...sameRequestId, ...own, ...headers, ...type };
      const body = json === undefined ? {} : { body: JSON.stringify(json) };
      const response = await fetch(`${server.url}${url}`, { method, headers: sent, ...body });
      return { status: response.status, headers: Object.fromEntries(response.headers), body: await response.text() };
    };
  const account = async (name: string): Promise<SendRequest> => {
    await send({})({ method: "PUT", url: `/v1/accounts/${name}`, json: {} });
    const key = { name: "program", role: "admin" };
    const made = await send({ "ringback-account": name })({ method: "POST", url: "/v1/api-keys", json: key });
    const { token } = JSON.parse(made.body) as { token: string };
    return send({ authorization: `Bearer ${token}` });
  };
  return {
    account,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

describe("two accounts observe nothing of each other", () => {
  test.each(seeds(2))("with SQLite and seed %i", (seed) =>
    expectNothingObserved(() => open([]), { seed, steps: 100, isConcurrent: true }),
  );

  test.each(seeds(1))("with PostgreSQL and seed %i", (seed) =>
    expectNothingObserved(
      async () => {
        const name = `ringback_${randomUUID().replaceAll("-", "")}`;
        await database.query(`CREATE DATABASE ${name}`);
        return open(["--database", database.url(name)]);
      },
      { seed, steps: 60, isConcurrent: true },
    ),
  );
});
