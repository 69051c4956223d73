/**
 * Real: a server as a child process, a PostgreSQL of its own that is ended and started again, sockets. Nothing is faked.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PostgresServer } from "../src/store/postgres/testing/postgres-server.ts";
import { temporaryFolder, type TemporaryFolder } from "./harness/folder.ts";
import { Server } from "./harness/server.ts";
import { until } from "./harness/until.ts";

let database: PostgresServer;
let folder: TemporaryFolder;
let server: Server;

beforeAll(async () => {
  database = await PostgresServer.start();
  await database.query("CREATE DATABASE ringback");
  folder = await temporaryFolder();
  server = await startNode();
  await server.api.putTopic("orders");
});
afterAll(async () => {
  await server.kill();
  await database.stop();
  await folder[Symbol.asyncDispose]();
});

function startNode(): Promise<Server> {
  return Server.start({
    folder: folder.path,
    args: ["--database", database.url("ringback"), "--shutdown-grace-ms", "300ms"],
  });
}

const publish = () => server.api.call("POST", "/v1/topics/orders/messages", { json: { body: "x" } });

/** Nobody publishes: the node finds out by itself, one way and the other. */
async function untilReadiness(status: 200 | 503): Promise<void> {
  const answer = await until(
    `/readyz says ${status}`,
    () => server.api.call("GET", "/readyz"),
    (seen) => seen.status === status,
  );
  expect(answer.json).toMatchObject(status === 200 ? { status: "ready" } : { code: "storage_unavailable" });
  expect(await server.api.call("GET", "/healthz")).toMatchObject({ status: 200 });
}

async function expectRefused(): Promise<void> {
  const refused = await publish();
  expect(refused).toMatchObject({ status: 503, json: { code: "storage_unavailable" } });
  expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
}

const readOnly = (on: boolean): Promise<unknown> =>
  database.query(`ALTER DATABASE ringback SET default_transaction_read_only = ${on ? "on" : "off"}`);

describe("while the database cannot be written", () => {
  it("a node is not ready and refuses publishes, and serves again when the server is back", async () => {
    await untilReadiness(200);
    await database.crash();
    await untilReadiness(503);
    await expectRefused();
    await database.run();
    await untilReadiness(200);
    expect(await publish()).toMatchObject({ status: 201 });
    const lost = /^ringback_database_reconnects_total\{pool="listen"\} (\d+)$/m;
    const text = await (await fetch(`${server.url}/metrics`)).text();
    expect(Number(lost.exec(text)?.[1])).toBeGreaterThan(0);
  });

  it("the same with a server that only reads, and afterwards nobody has to cut the connections to it", async () => {
    await readOnly(true);
    await database.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'ringback'");
    await untilReadiness(503);
    await expectRefused();
    await readOnly(false);
    await untilReadiness(200);
    expect(await publish()).toMatchObject({ status: 201 });
  });
});

describe("GET /v1/nodes", () => {
  it("shows every node on the database, and tells of one that has ended", async () => {
    interface NodesView {
      readonly items: readonly { readonly id: number; readonly name: string; readonly self: boolean }[];
    }
    const nodes = async (api = server.api) => (await api.ok<NodesView>("GET", "/v1/nodes")).items;
    const other = await startNode();
    const [mine, theirs] = [await nodes(), await nodes(other.api)];
    expect(mine).toHaveLength(2);
    expect(mine.map(({ id }) => id)).toEqual(theirs.map(({ id }) => id));
    expect(mine.map(({ self }) => !self)).toEqual(theirs.map(({ self }) => self));
    expect(mine.every(({ name }) => name !== "")).toBe(true);
    expect((await server.api.metrics()).get("ringback_cluster_nodes_alive")).toBe(2);
    expect(await other.stop()).toMatchObject({ code: 0 });
    expect(await nodes()).toMatchObject([{ self: true, alive: true }]);
  });
});
