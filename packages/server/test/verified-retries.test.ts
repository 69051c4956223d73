/**
 * Real: servers inside the test's process, SQLite and PostgreSQL, sockets, the libraries of Svix and of Standard
 * Webhooks from npm. Nothing is faked. The receiver fails on purpose, so that one message is sent many times while its
 * key changes.
 */
import { randomBytes } from "node:crypto";
import { Webhook } from "standardwebhooks";
import { Webhook as SvixWebhook } from "svix";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freshDatabase } from "../src/store/postgres/testing/postgres-database.ts";
import { PostgresServer } from "../src/store/postgres/testing/postgres-server.ts";
import { temporaryFolder } from "./harness/folder.ts";
import { type Arrival, startReceiver } from "./harness/receiver.ts";
import { type RunningServer, startServerInProcess } from "./harness/server.ts";
import { until, untilTrue } from "./harness/until.ts";

let database: PostgresServer;
beforeAll(async () => void (database = await PostgresServer.start()));
afterAll(() => database.stop());

const env = { RINGBACK_MASTER_KEY: randomBytes(32).toString("base64") };
const drivers: readonly (readonly [name: string, args: () => Promise<readonly string[]>])[] = [
  ["SQLite", () => Promise.resolve([])],
  ["PostgreSQL", async () => ["--database", database.url(await freshDatabase(database))]],
];

/** Whether both libraries accept the request with this secret. Fails if they disagree. */
function isVerified(secret: string, { text, headers }: Arrival): boolean {
  const sent = {
    "webhook-id": String(headers["webhook-id"]),
    "webhook-timestamp": String(headers["webhook-timestamp"]),
    "webhook-signature": String(headers["webhook-signature"]),
  };
  const verdicts = [new Webhook(secret), new SvixWebhook(secret)].map((library) => {
    try {
      library.verify(text, sent);
      return true;
    } catch {
      return false;
    }
  });
  expect(new Set(verdicts).size).toBe(1);
  return verdicts[0] === true;
}

/** A message to a receiver that fails until the test lets it succeed. */
class RetriedMessage {
  readonly #api: RunningServer["api"];
  readonly arrivals: readonly Arrival[];
  id = "";

  constructor(api: RunningServer["api"], arrivals: readonly Arrival[]) {
    this.#api = api;
    this.arrivals = arrivals;
  }

  /** Returns the secret of the subscription's own key. */
  async publish(url: string): Promise<string> {
    await this.#api.putTopic("bills");
    const { secret } = await this.#api.ok<{ secret: string }>("PUT", "/v1/topics/bills/subscriptions/customer", {
      json: {
        push: { url, protocol: "standard-webhooks" },
        retry: { delaysMs: Array.from({ length: 200 }, () => 20) },
      },
    });
    this.id = (await this.#api.publish("bills", { body: { amount: "12.50", who: "故宫" } })).id;
    return secret;
  }

  async rotate(overlapMs: number): Promise<string> {
    const json = { overlapMs };
    return (await this.#api.ok<{ secret: string }>("POST", "/v1/keys/bills.customer/rotate", { json })).secret;
  }

  /** Returns three retries that began after this call. The first one to arrive may have begun before. */
  async nextRetries(): Promise<readonly Arrival[]> {
    const before = this.arrivals.length;
    await untilTrue("it was sent three more times", () => this.arrivals.length >= before + 4);
    return this.arrivals.slice(before + 1, before + 4);
  }
}

describe.each(drivers)("with %s, Svix's and Standard Webhooks' libraries", (_name, args) => {
  it("verify the first attempt, every retry, and every retry after each rotation", async () => {
    await using folder = await temporaryFolder();
    await using server = await startServerInProcess({ folder: folder.path, args: await args(), env });
    let status = 500;
    await using receiver = await startReceiver(() => status);
    const message = new RetriedMessage(server.api, receiver.arrivals);
    const secrets = [await message.publish(receiver.url)];
    const verifiers = async () =>
      (await message.nextRetries()).map((arrival) => secrets.map((secret) => isVerified(secret, arrival)));
    await message.nextRetries();
    expect(receiver.arrivals.map((arrival) => isVerified(secrets[0] ?? "", arrival))).not.toContain(false);
    // At most two old keys sign beside the new one.
    for (const expected of [
      [true, true],
      [true, true, true],
    ]) {
      secrets.unshift(await message.rotate(86_400_000));
      expect(await verifiers()).toEqual([expected, expected, expected]);
    }
    status = 204;
    const { attempts } = await until(
      "it is accepted",
      () => server.api.delivery(message.id, "customer"),
      ({ state }) => state === "delivered",
    );
    expect(attempts.at(-1)).toMatchObject({ verdict: "accepted" });
    const all = receiver.arrivals.map((arrival) => secrets.filter((secret) => isVerified(secret, arrival)).length);
    expect(all).not.toContain(0);
    expect(new Set(receiver.arrivals.map(({ headers }) => headers["webhook-id"]))).toEqual(new Set([message.id]));
  });

  it("verify with the old secret until the overlap ends, and then with the new one alone", async () => {
    await using folder = await temporaryFolder();
    await using server = await startServerInProcess({ folder: folder.path, args: await args(), env });
    await using receiver = await startReceiver(() => 500);
    const message = new RetriedMessage(server.api, receiver.arrivals);
    const older = await message.publish(receiver.url);
    const newer = await message.rotate(1_000);
    await untilTrue("the overlap has ended", () => {
      const last = receiver.arrivals.at(-1);
      return last !== undefined && isVerified(newer, last) && !isVerified(older, last);
    });
    const verifiers = receiver.arrivals.map((arrival) => [isVerified(older, arrival), isVerified(newer, arrival)]);
    // The old secret alone, then both, then the new one alone, and nothing in between.
    const steps = verifiers.map(([old, current]) => (old ? (current ? 1 : 0) : current ? 2 : -1));
    expect(steps).toEqual(steps.toSorted((one, other) => one - other));
    expect(steps).not.toContain(-1);
  });
});
