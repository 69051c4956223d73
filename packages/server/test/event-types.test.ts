/** Real: servers, a receiver, SQLite, PostgreSQL, sockets. Nothing is faked. */
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PostgresServer } from "../src/store/postgres/testing/postgres-server.ts";
import type { Api, ProblemView } from "./harness/api.ts";
import { temporaryFolder } from "./harness/folder.ts";
import { startReceiver } from "./harness/receiver.ts";
import { Server, startServerInProcess } from "./harness/server.ts";
import { until } from "./harness/until.ts";

const schema = {
  $schema: "https://json-schema.org/draft/2020-12/schema",
  type: "object",
  properties: { id: { type: "string" }, amount: { $ref: "#/$defs/money" } },
  required: ["id", "amount"],
  $defs: { money: { type: "integer", minimum: 1 } },
};
const path = "/v1/event-types/invoice.paid";
const paid = { type: "invoice.paid", body: { id: "in_1", amount: 4200 } };
const unpaid = { type: "invoice.paid", body: { id: "in_1", amount: 0 } };

let database: PostgresServer;
beforeAll(async () => void (database = await PostgresServer.start()));
afterAll(() => database.stop());

async function newDatabase(): Promise<readonly string[]> {
  const name = `ringback_${randomUUID().replaceAll("-", "")}`;
  await database.query(`CREATE DATABASE ${name}`);
  return ["--database", database.url(name)];
}

const publish = (api: Api, json: object) => api.call<ProblemView>("POST", "/v1/topics/billing/messages", { json });

describe.each(["SQLite", "PostgreSQL"] as const)("with %s", (driver) => {
  it("a topic takes listed types with valid bodies only, and goes on after a restart", async () => {
    await using folder = await temporaryFolder();
    await using receiver = await startReceiver();
    const args = driver === "SQLite" ? [] : await newDatabase();
    const options = { folder: folder.path, args };
    {
      await using server = await startServerInProcess(options);
      const { api } = server;
      await api.ok("PUT", path, { json: { schema, example: paid.body, version: "7" } });
      await api.putTopic("billing", { accepts: { types: "listed", bodies: "valid" } });
      await api.subscribe("billing", "mail", { push: { url: receiver.url } });
      expect(await publish(api, paid)).toMatchObject({ status: 201 });
    }
    await using server = await startServerInProcess(options);
    const { api } = server;
    const refused = await publish(api, unpaid);
    expect(refused).toMatchObject({ status: 400, json: { code: "invalid_body" } });
    expect(refused.json.detail).toBe('body: at "/amount": must be >= 1 (event type invoice.paid, version 7)');
    expect(await publish(api, { ...paid, type: "invoice.void" })).toMatchObject({ json: { code: "unlisted_type" } });
    const raw = await api.call("POST", "/v1/topics/billing/messages?type=invoice.paid", {
      body: '{"id": "in_9", "amount": 9007199254740993}',
      headers: { "content-type": "application/vnd.acme+json" },
    });
    expect(raw.status).toBe(201);
    await until(
      "the valid bodies arrived as they were sent",
      () => receiver.arrivals.map(({ text }) => text).toSorted(),
      (texts) => texts.length >= 2,
    );
    expect(new Set(receiver.arrivals.map(({ text }) => text))).toEqual(
      new Set(['{"id":"in_1","amount":4200}', '{"id": "in_9", "amount": 9007199254740993}']),
    );
    const { items } = await api.ok<{ items: readonly object[] }>("GET", "/v1/topics/billing/messages");
    expect(items).toHaveLength(2);
    await api.ok("PUT", "/v1/inboxes/arrivals", { json: { topic: "billing" } });
    const arrived = await api.call("POST", "/in/arrivals", { body: "{}", headers: { "content-type": "text/plain" } });
    expect(arrived).toMatchObject({ status: 400, json: { code: "unlisted_type" } });
  });

  it("the types of an account are its own, and go with it", async () => {
    await using folder = await temporaryFolder();
    const args = driver === "SQLite" ? [] : await newDatabase();
    await using server = await startServerInProcess({ folder: folder.path, args });
    const { api } = server;
    const headers = { "ringback-account": "acme" };
    await api.ok("PUT", "/v1/accounts/acme", { json: {} });
    await api.ok("PUT", path, { json: { schema }, headers });
    expect((await api.call("GET", path)).status).toBe(404);
    await api.ok("DELETE", "/v1/accounts/acme");
    await until(
      "the account is gone",
      () => api.call("GET", "/v1/accounts/acme"),
      ({ status }) => status === 404,
    );
    await api.ok("PUT", "/v1/accounts/acme", { json: {} });
    expect((await api.call("GET", path, { headers })).status).toBe(404);
  });
});

it("a change of the catalogue on one node is soon seen by the other", async () => {
  await using folder = await temporaryFolder();
  const args = await newDatabase();
  const start = () => Server.start({ folder: folder.path, args, env: { RINGBACK_MASTER_KEY: "" } });
  const [one, other] = await Promise.all([start(), start()]);
  try {
    await one.api.ok("PUT", path, { json: { schema } });
    await one.api.putTopic("billing", { accepts: { types: "listed", bodies: "valid" } });
    const codeAtOther = async (message: object) => (await publish(other.api, message)).json.code ?? "accepted";
    const seen = (message: object, code: string) =>
      until(
        `the other node answers ${code}`,
        () => codeAtOther(message),
        (found) => found === code,
      );
    await seen(unpaid, "invalid_body");
    await one.api.ok("PATCH", path, { json: { schema: { $defs: { money: { minimum: 0 } } } } });
    await seen(unpaid, "accepted");
    await one.api.ok("DELETE", path);
    await seen(unpaid, "unlisted_type");
  } finally {
    await Promise.all([one.kill(), other.kill()]);
  }
});
