/** Real: servers with sockets and API keys, SQLite and PostgreSQL, an endpoint. Nothing is faked. */
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PostgresServer } from "../src/store/postgres/testing/postgres-server.ts";
import type { Api, Page } from "./harness/api.ts";
import { withMasterKey } from "./harness/cmq/account.ts";
import { temporaryFolder } from "./harness/folder.ts";
import { startReceiver, type Receiver } from "./harness/receiver.ts";
import { startServerInProcess, type RunningServer } from "./harness/server.ts";
import { until } from "./harness/until.ts";

type Item = Readonly<Record<string, unknown>>;
type Found = Page<Item> & { readonly examined: number };

/** The endpoint accepts messages except those whose text says otherwise. */
const behaviour = ({ text, path }: { text: string; path: string }) =>
  path === "/gone" ? 410 : text === "busy" ? 503 : text === "wrong" ? 404 : 200;

/** Two topics with a subscription each that has delivered, failed and dead deliveries; one endpoint is gone. */
async function fill(api: Api, receiver: Receiver): Promise<void> {
  for (const topic of ["orders", "invoices"]) {
    await api.putTopic(topic);
    const settings = { retry: "none", labels: { team: topic } };
    await api.subscribe(topic, "billing", { push: { url: `${receiver.url}/${topic}` }, ...settings });
    await api.publish(topic, { body: "fine", type: "order.paid", tags: ["red"], attributes: { customer: "acme" } });
    await api.publish(topic, { body: "busy", type: "order.paid", tags: ["blue"] });
    await api.publish(topic, { body: "wrong", type: "order.refunded", attributes: { customer: "a:b" } });
  }
  await api.subscribe("orders", "leaver", { push: { url: `${receiver.url}/gone` } });
  await api.subscribe("orders", "paused", { push: { url: `${receiver.url}/paused` } });
  await api.ok("POST", "/v1/topics/orders/subscriptions/paused/pause");
  await api.publish("orders", { body: "late", type: "order.late" });
  for (const topic of ["orders", "invoices"]) {
    const accepted = topic === "orders" ? 2 : 1;
    const all = `/v1/topics/${topic}/subscriptions/billing/attempts`;
    await until(
      "all are settled",
      () => find(api, all),
      ({ items }) => items.length === accepted + 2,
    );
  }
  await until(
    "the endpoint is gone",
    () => find(api, "/v1/subscriptions?state=disabled"),
    ({ items }) => items.length === 1,
  );
}

async function find(api: Api, path: string, headers: Record<string, string> = {}): Promise<Found> {
  return api.ok<Found>("GET", path, { headers });
}

const values = ({ items }: Found, ...names: readonly string[]) =>
  items.map((item) => names.map((name) => item[name] as string).join(" "));

async function limitedTo(api: Api, ...topics: readonly string[]): Promise<Record<string, string>> {
  const { token } = await api.ok<{ token: string }>("POST", "/v1/api-keys", {
    json: { name: "limited", role: "read", topics },
  });
  return { authorization: `Bearer ${token}` };
}

let database: PostgresServer;
beforeAll(async () => void (database = await PostgresServer.start()));
afterAll(() => database.stop());

const drivers = {
  SQLite: () => Promise.resolve([]),
  PostgreSQL: async () => {
    const name = `ringback_${randomUUID().replaceAll("-", "")}`;
    await database.query(`CREATE DATABASE ${name}`);
    return ["--database", database.url(name)];
  },
};

describe.each(["SQLite", "PostgreSQL"] as const)("an on-call engineer finds, with %s,", (driver) => {
  const started = new AsyncDisposableStack();
  let server: RunningServer;
  let api: Api;
  beforeAll(async () => {
    const receiver = started.use(await startReceiver(behaviour));
    const folder = started.use(await temporaryFolder());
    const args = await drivers[driver]();
    server = started.use(await startServerInProcess({ folder: folder.path, args, env: withMasterKey() }));
    ({ api } = server);
    await fill(api, receiver);
  });
  afterAll(() => started.disposeAsync());

  it("the messages of a topic by time, type, tag, attribute and state", async () => {
    const messages = "/v1/topics/orders/messages";
    const all = await find(api, messages);
    expect(values(all, "seq", "type")).toEqual(["4 order.late", "3 order.refunded", "2 order.paid", "1 order.paid"]);
    expect(all.items[3]).toEqual({
      id: expect.stringMatching(/^\d+$/) as string,
      topic: "orders",
      seq: 1,
      publishedAt: expect.any(String) as string,
      deliverAt: null,
      contentType: "text/plain; charset=utf-8",
      tags: ["red"],
      type: "order.paid",
      orderingKey: null,
      attributes: { customer: "acme" },
      bodyBytes: 4,
      state: null,
    });
    const seqs = async (query: string) => values(await find(api, `${messages}?${query}`), "seq");
    expect(await seqs("type=order.*&tag=blue")).toEqual(["2"]);
    expect(await seqs("attribute=customer:a:b")).toEqual(["3"]);
    expect(await seqs("subscription=billing&state=dead")).toEqual(["3", "2"]);
    expect(await seqs("subscription=billing&state=delivered")).toEqual(["4", "1"]);
    expect(await seqs("subscription=paused&state=pending")).toEqual(["4"]);
    expect(await seqs("subscription=paused&state=parked")).toEqual([]);
    const times = all.items.map(({ publishedAt }) => publishedAt as string);
    const [, to = "", from = ""] = times;
    const between = all.items.filter((_, at) => from <= times[at]! && times[at]! < to);
    expect(await seqs(`from=${from}&to=${to}`)).toEqual(values({ ...all, items: between }, "seq"));
    expect(await seqs(`from=${Date.now() + 60_000}`)).toEqual([]);
    const first = await find(api, `${messages}?limit=3&subscription=billing`);
    expect(values(first, "seq", "state")).toEqual(["4 delivered", "3 dead", "2 dead"]);
    const rest = await find(api, `${messages}?subscription=billing&after=${first.next}`);
    expect([values(rest, "seq"), rest.next, rest.examined]).toEqual([["1"], null, 1]);
  });

  it("attempts by time, verdict, status and error", async () => {
    const attempts = "/v1/topics/orders/subscriptions/billing/attempts";
    const statuses = async (query: string) =>
      values(await find(api, `${attempts}?${query}`), "verdict", "status").toSorted();
    expect(await statuses("")).toHaveLength(4);
    expect(await statuses("status=5xx")).toEqual(["failed 503"]);
    expect(await statuses("status=404")).toEqual(["failed 404"]);
    expect(await statuses("status=2xx")).toEqual(["accepted 200", "accepted 200"]);
    expect(await statuses("verdict=failed&error=http_status")).toEqual(["failed 404", "failed 503"]);
    expect(await statuses("only=failed&error=timeout")).toEqual([]);
    expect(await statuses("only=failed&verdict=accepted")).toEqual([]);
    expect(await statuses(`to=${Date.now() - 3600_000}`)).toEqual([]);
    expect(await statuses(`from=${new Date(Date.now() - 3600_000).toISOString()}&status=4xx`)).toEqual(["failed 404"]);
  });

  it("the dead letters of all subscriptions by topic, reason, status and time", async () => {
    const letters = async (query: string) =>
      values(await find(api, `/v1/dead-letters?${query}`), "topic", "subscription", "lastStatus").toSorted();
    expect(await letters("")).toEqual([
      "invoices billing 404",
      "invoices billing 503",
      "orders billing 404",
      "orders billing 503",
    ]);
    expect(await letters("status=4xx")).toEqual(["invoices billing 404", "orders billing 404"]);
    expect(await letters("topic=orders")).toEqual(["orders billing 404", "orders billing 503"]);
    expect(await letters("topic=orders&subscription=billing&status=503")).toEqual(["orders billing 503"]);
    expect(await letters("reason=expired")).toEqual([]);
    expect(await letters("reason=retries_exhausted")).toHaveLength(4);
    expect(await letters(`to=${Date.now() - 3600_000}`)).toEqual([]);
    const own = await find(api, "/v1/topics/orders/subscriptions/billing/dead-letters?status=5xx");
    expect(values(own, "topic", "subscription", "reason")).toEqual(["orders billing retries_exhausted"]);
    // The id of a dead letter in the list of all is its id in its subscription.
    const [letter] = (await find(api, "/v1/dead-letters?topic=invoices&status=503")).items;
    const path = `/v1/topics/invoices/subscriptions/billing/dead-letters/${letter?.["id"] as string}`;
    expect(await api.ok("GET", path)).toMatchObject({ lastStatus: 503, message: { body: "busy" } });
  });

  it("subscriptions of all topics by state, health, label and name, with their counts", async () => {
    const names = async (query: string) => values(await find(api, `/v1/subscriptions?${query}`), "topic", "name");
    expect(await names("")).toEqual(["invoices billing", "orders billing", "orders leaver", "orders paused"]);
    expect(await names("state=disabled")).toEqual(["orders leaver"]);
    expect(await names("state=paused")).toEqual(["orders paused"]);
    expect(await names("state=healthy&topic=orders")).toEqual(["orders billing"]);
    expect(await names("state=active&name=*ll*")).toEqual(["invoices billing", "orders billing"]);
    expect(await names("label=team%3Dorders")).toEqual(["orders billing"]);
    expect(await names("state=failing")).toEqual([]);
    expect(await names("health=open")).toEqual([]);
    expect(await names("state=lagging")).toEqual([]);
    const first = await find(api, "/v1/subscriptions?limit=1&name=b*");
    expect(first.items).toMatchObject([
      { topic: "invoices", counts: { backlog: 0, parked: 0, deadLetters: 2, expired: 0, inFlight: 0 } },
    ]);
    const next = await find(api, `/v1/subscriptions?name=b*&after=${first.next}`);
    expect(values(next, "topic", "name")).toEqual(["orders billing"]);
    const counted = await find(api, "/v1/topics/orders/subscriptions?counts=true");
    expect(counted.items).toMatchObject([
      { name: "billing", counts: { deadLetters: 2 } },
      { name: "leaver", counts: expect.any(Object) as object },
      { name: "paused", counts: { backlog: 1 } },
    ]);
    expect((await find(api, "/v1/topics/orders/subscriptions")).items[0]).not.toHaveProperty("counts");
  });

  it("nothing of other topics with a key that is limited to topics", async () => {
    const headers = await limitedTo(api, "ord*");
    const letters = await find(api, "/v1/dead-letters", headers);
    expect(values(letters, "topic", "lastStatus").toSorted()).toEqual(["orders 404", "orders 503"]);
    expect(letters.examined).toBe(2);
    const subscriptions = await find(api, "/v1/subscriptions", headers);
    expect(values(subscriptions, "topic")).toEqual(["orders", "orders", "orders"]);
    expect(subscriptions.examined).toBe(3);
    expect((await find(api, "/v1/subscriptions?topic=inv*", headers)).items).toEqual([]);
    for (const path of [
      "/v1/dead-letters?topic=invoices",
      "/v1/dead-letters?topic=nothing",
      "/v1/topics/invoices/messages",
    ]) {
      expect(await api.call("GET", path, { headers })).toMatchObject({ status: 403, json: { code: "forbidden" } });
    }
    const nobody = await limitedTo(api, "nothing");
    for (const path of ["/v1/dead-letters", "/v1/subscriptions"]) {
      expect(await find(api, path, nobody)).toEqual({ items: [], next: null, examined: 0 });
    }
  });

  it.each([
    ["/v1/topics/orders/messages?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", "to"],
    ["/v1/topics/orders/subscriptions/billing/attempts?from=1800000000001&to=1800000000000", "to"],
    ["/v1/dead-letters?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", "to"],
    ["/v1/dead-letters?from=yesterday", "from"],
    ["/v1/dead-letters?from=1800000000", "from"],
    ["/v1/dead-letters?to=", "to"],
    ["/v1/dead-letters?subscription=billing", "subscription"],
    ["/v1/dead-letters?status=5x", "status"],
    ["/v1/topics/orders/messages?state=dead", "state"],
    ["/v1/topics/orders/messages?attribute=customer", "attribute"],
    ["/v1/topics/orders/messages?attribute=customer:%00", "attribute"],
    ["/v1/topics/orders/messages?tag=%00", "tag"],
    ["/v1/topics/orders/messages?type=%00", "type"],
    ["/v1/topics/orders/subscriptions/billing/attempts?error=%00", "error"],
    ["/v1/topics/orders/subscriptions/billing/attempts?verdict=maybe", "verdict"],
    ["/v1/subscriptions?name=%25", "name"],
    ["/v1/subscriptions?state=failing&health=open", "health"],
    ["/v1/subscriptions?after=bm90IG9uZQ", "after"],
  ])("a clear refusal: %s", async (path, field) => {
    const answer = await api.call<{ errors?: { field: string }[] }>("GET", path);
    expect([answer.status, answer.json.errors?.[0]?.field]).toEqual([400, field]);
  });
});
