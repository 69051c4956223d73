/**
 * Real: servers inside the test's process, SQLite and PostgreSQL, sockets, the official library for receivers of
 * Standard Webhooks. Nothing is faked.
 */
import { randomBytes } from "node:crypto";
import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PostgresServer } from "../src/store/postgres/testing/postgres-server.ts";
import { type DeadLetterView, type Page, subscriptionPath } from "./harness/api.ts";
import { withMasterKey } from "./harness/cmq/account.ts";
import { temporaryFolder } from "./harness/folder.ts";
import { pulledFrom } from "./harness/pulled.ts";
import { type Arrival, startReceiver } from "./harness/receiver.ts";
import { type RunningServer, startServerInProcess } from "./harness/server.ts";
import { until, untilTrue } from "./harness/until.ts";

/** The parts of what arrived that must be in the order of the publishes. The ordering key is even or odd. */
const orderedParts = {
  none: () => [],
  key: (arrived: readonly number[]) => [0, 1].map((key) => arrived.filter((n) => n % 2 === key)),
  strict: (arrived: readonly number[]) => [arrived],
};

describe.each(["SQLite", "PostgreSQL"] as const)("expressions, with %s", (driver) => {
  const started = new AsyncDisposableStack();
  let server: RunningServer;

  beforeAll(async () => {
    const { path: folder } = started.use(await temporaryFolder());
    const args: string[] = [];
    if (driver === "PostgreSQL") {
      const database = await PostgresServer.start();
      started.defer(() => database.stop());
      await database.query("CREATE DATABASE ringback");
      args.push("--database", database.url("ringback"));
    }
    server = started.use(await startServerInProcess({ folder, args, env: withMasterKey() }));
  });
  afterAll(() => started.disposeAsync());

  const filteredTotal = async (): Promise<number> => (await server.api.metrics()).get("ringback_filtered_total") ?? 0;
  const deadLetters = async (path: string): Promise<readonly DeadLetterView[]> =>
    (await server.api.ok<Page<DeadLetterView>>("GET", `${path}/dead-letters`)).items;

  const letterOf = async (topic: string, name: string): Promise<DeadLetterView | undefined> => {
    const read = () => deadLetters(subscriptionPath(topic, name));
    return (await until("a dead letter", read, (letters) => letters.length > 0))[0];
  };

  it.each(["none", "key", "strict"] as const)(
    "filter what is pushed, in the order %s, without a record",
    async (order) => {
      const { api } = server;
      await using receiver = await startReceiver();
      const topic = `filtered-${order}`;
      await api.putTopic(topic);
      const where = "data.n % 3 == 0 && type.startsWith('number.')";
      await api.subscribe(topic, "thirds", { push: { url: receiver.url }, filter: { where }, order });
      const before = await filteredTotal();
      const messages = Array.from({ length: 90 }, (_, n) => ({
        body: { n },
        type: "number.given",
        orderingKey: `k${n % 2}`,
      }));
      const published = await api.publishBatch(topic, messages);
      await untilTrue("the messages arrive", () => receiver.arrivals.length === 30);
      const arrived = receiver.arrivals.map(({ body }) => (JSON.parse(String(body)) as { n: number }).n);
      for (const ordered of orderedParts[order](arrived)) {
        expect(ordered).toEqual(ordered.toSorted((a, b) => a - b));
      }
      expect(new Set(arrived).size).toBe(30);
      await until(
        "the backlog is empty",
        () => api.counts(topic, "thirds"),
        ({ backlog }) => backlog === 0,
      );
      expect((await filteredTotal()) - before).toBe(60);
      expect(await api.delivery(published[1]?.id ?? "", "thirds")).toMatchObject({ state: "filtered", attempts: [] });
      expect(await deadLetters(subscriptionPath(topic, "thirds"))).toEqual([]);
    },
  );

  it("filter what is pulled", async () => {
    const { pull, publish } = await pulledFrom(server.api, "pulled", { filter: { where: "data.n > 2" } });
    await publish('{"n": 1}', '{"n": 2}', '{"n": 3}', "no json");
    expect((await pull({ waitMs: 20_000, messagesMax: 10 })).map(({ body }) => body)).toEqual(['{"n": 3}']);
    expect(await pull()).toEqual([]);
    expect(await deadLetters(subscriptionPath("pulled", "workers"))).toMatchObject([
      {
        reason: "filter_failed",
        lastErrorDetail: expect.stringContaining("filter.where: line 1, column 5: ") as string,
      },
    ]);
  });

  it("make a dead letter with the sentence of a message that they cannot judge or transform", async () => {
    const { api } = server;
    await using receiver = await startReceiver();
    await api.putTopic("failing");
    const push = { url: receiver.url };
    await api.subscribe("failing", "judged", { push, filter: { where: "data.amount > 1" } });
    await api.subscribe("failing", "made", { push: { ...push, transform: { body: "{'total': data.amount}" } } });
    await api.subscribe("failing", "split", { push: { ...push, transform: { headers: { "x-note": "data.note" } } } });
    await api.ok("POST", "/v1/topics/failing/messages", { json: { body: { note: "one\ntwo" } } });
    expect(await letterOf("failing", "judged")).toMatchObject({ reason: "filter_failed", attempts: 1 });
    expect(await letterOf("failing", "made")).toMatchObject({
      reason: "transform_failed",
      lastErrorDetail: expect.stringMatching(/^push\.transform\.body: line 1, column \d+: /) as string,
    });
    expect(await letterOf("failing", "split")).toMatchObject({
      lastErrorDetail: expect.stringContaining(
        "push.transform.headers.x-note: the result must contain only printable",
      ) as string,
    });
    expect(receiver.arrivals).toEqual([]);
  });

  it("transform a signed push, whose receiver verifies it", async () => {
    const { api } = server;
    await using receiver = await startReceiver();
    const secret = randomBytes(32);
    await api.ok("PUT", "/v1/keys/transformed", { json: { jwk: { kty: "oct", k: secret.toString("base64url") } } });
    await api.putTopic("transformed");
    const transform = {
      body: "{'id': data.id, 'all': data, 'kind': type, 'lines': data.lines.map(l, l.sku)}",
      headers: { "x-customer": "data.customer", "x-none": "null" },
      url: "'/hooks/' + type + '?tag=' + tags[0]",
    };
    const push = { url: receiver.url, protocol: "standard-webhooks", keys: ["transformed"], transform };
    await api.subscribe("transformed", "signed", { push });
    const body = '{"id": 12345678901234567890123, "customer": "cus_1", "lines": [{"sku": "a"}, {"sku": "b"}]}';
    const bodyBase64 = Buffer.from(body).toString("base64");
    await api.publish("transformed", {
      bodyBase64,
      contentType: "application/json",
      type: "invoice.paid",
      tags: ["eu"],
    });
    await untilTrue("the message arrives", () => receiver.arrivals.length > 0);
    const arrival = receiver.arrivals[0] as Arrival;
    const value = (name: string) => String(arrival.headers[name]);
    const headers = {
      "webhook-id": value("webhook-id"),
      "webhook-timestamp": value("webhook-timestamp"),
      "webhook-signature": value("webhook-signature"),
    };
    new Webhook(`whsec_${secret.toString("base64")}`).verify(arrival.body, headers);
    expect(arrival.headers["x-customer"]).toBe("cus_1");
    expect("x-none" in arrival.headers).toBe(false);
    expect(arrival).toMatchObject({ path: "/hooks/invoice.paid?tag=eu" });
    expect(String(arrival.body)).toContain('"all":{"id":12345678901234567890123,');
  });
});
