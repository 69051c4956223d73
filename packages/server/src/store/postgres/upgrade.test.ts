import { afterAll, beforeAll, expect, it } from "vitest";
import { messageId } from "../../domain/message-id.ts";
import type { Message, Subscription } from "../../domain/model.ts";
import { dead, delivered, eventually, message, parkedUntil, textOf, textsOf } from "../contract/fixtures.ts";
import { ManualClock } from "../contract/harness.ts";
import { PostgresStore } from "./postgres-store.ts";
import { migrate } from "./schema/migrate.ts";
import { migrations } from "./schema/migrations.ts";
import { EarlierNode } from "./testing/earlier-node.ts";
import { storeOptions } from "./testing/postgres-database.ts";
import { PostgresServer } from "./testing/postgres-server.ts";

// Real: PostgreSQL, and the schema as the version before partitions left it, with the statements that such a node sends.
let server: PostgresServer;
beforeAll(async () => void (server = await PostgresServer.start()));
afterAll(() => server.stop());

async function firstSchema(name: string): Promise<string> {
  await server.query(`CREATE DATABASE ${name}`);
  await migrate(server.url(name), migrations.slice(0, 1));
  return server.url(name);
}

/** One claim of all there is, in order. */
async function claimAll(store: PostgresStore, { id }: Subscription): Promise<readonly string[]> {
  const want = { subscriptionId: id, deliveriesMax: 100, bytesMax: 1_000_000, fromLog: true };
  return (await store.log.claim([want], 60_000)).flatMap(textsOf);
}

it("keeps messages, attempts, parked deliveries, dead letters and open claims of a database from before partitions", async () => {
  const url = await firstSchema("kept");
  const clock = new ManualClock();
  const earlier = await EarlierNode.start(url, clock);
  const topic = await earlier.topic("orders");
  const readers = await Promise.all(
    ["done", "parked", "died", "open", "lagging"].map((name) => earlier.subscribe(topic, name)),
  );
  const [done, parked, died, open, lagging] = readers as [
    Subscription,
    Subscription,
    Subscription,
    Subscription,
    Subscription,
  ];
  const texts = ["a", "b", "c"];
  await earlier.publish(topic, ...texts);
  await earlier.settle(await earlier.claim(done), delivered);
  await earlier.settle(await earlier.claim(parked), parkedUntil(clock.now() + 5));
  await earlier.settle(await earlier.claim(died), dead);
  const claim = await earlier.claim(open);
  expect(await earlier.attemptCount(done)).toBe(3);

  const store = await PostgresStore.open(storeOptions(url, { clock }));
  expect(await earlier.settle(claim, delivered)).toBe(3);
  await earlier.publish(topic, "by the earlier one");
  await store.log.append({ topicId: topic.id, messages: [message("by the new one")], idempotency: null });
  const later = ["by the earlier one", "by the new one"];
  for (const reader of [done, died, open]) expect(await claimAll(store, reader)).toEqual(later);
  expect(await claimAll(store, lagging)).toEqual([...texts, ...later]);
  clock.advance(5);
  expect(await claimAll(store, parked)).toEqual([...texts, ...later]);
  expect(await store.records.redriveDeadLetters(died.id, null)).toBe(3);
  expect(await claimAll(store, died)).toEqual(texts);
  for (const reader of [done, open]) expect(await earlier.attemptCount(reader)).toBe(3);
  for (const [index, text] of [...texts, ...later].entries()) {
    expect(await earlier.textOf(topic, index + 1)).toBe(text);
    const record = await store.records.getMessage(topic.accountId, messageId(topic.id, index + 1));
    expect(textOf(record?.message as Message)).toBe(text);
  }
  const record = await store.records.getMessage(topic.accountId, messageId(topic.id, 1));
  expect(Object.fromEntries(record?.deliveries.map(({ subscription, state }) => [subscription, state]) ?? [])).toEqual({
    done: "delivered",
    parked: "in_flight",
    died: "in_flight",
    open: "delivered",
    lagging: "in_flight",
  });
  await store.close();
  await earlier.end();
});

it("loses nothing while earlier nodes go on during the change and beside new ones", async () => {
  const url = await firstSchema("beside");
  const earlier = await EarlierNode.start(url);
  const topic = await earlier.topic("orders");
  const reader = await earlier.subscribe(topic, "reader", { maxInFlight: 1_000 });
  const accepted = new Set<string>();
  const seen: string[] = [];
  const publishing = { isOver: false };
  const delivering = { isOver: false };
  const publish = async (send: (text: string) => Promise<unknown>, name: string): Promise<void> => {
    for (let number = 0; !publishing.isOver; number++) {
      await send(`${name} ${number}`);
      accepted.add(`${name} ${number}`);
    }
  };
  const deliver = async (): Promise<void> => {
    while (!delivering.isOver) {
      const claim = await earlier.claim(reader);
      expect(await earlier.settle(claim, delivered)).toBe(claim.deliveries.length);
      seen.push(...textsOf(claim));
    }
  };
  const work = deliver();
  const publishers = [publish((text) => earlier.publish(topic, text), "earlier")];
  await eventually(() => seen.length > 20);
  const store = await PostgresStore.open(storeOptions(url));
  const append = (text: string) =>
    store.log.append({ topicId: topic.id, messages: [message(text)], idempotency: null });
  publishers.push(publish(append, "new"));
  await eventually(() => accepted.has("new 20"));
  publishing.isOver = true;
  await Promise.all(publishers);
  await eventually(() => seen.length >= accepted.size);
  delivering.isOver = true;
  await work;
  expect(seen.toSorted()).toEqual([...accepted].toSorted());
  expect(await earlier.attemptCount(reader)).toBe(Math.min(1_000, seen.length));
  await store.close();
  await earlier.end();
});

it("lets no earlier node remove the messages of other topics with those of a deleted one", async () => {
  const url = await firstSchema("removing");
  const clock = new ManualClock();
  const earlier = await EarlierNode.start(url, clock);
  const [before, kept] = [await earlier.topic("before"), await earlier.topic("kept", { retentionMs: 60_000 })];
  await earlier.publish(before, "1", "2");
  await earlier.topics.delete(earlier.accountId, "before");
  const store = await PostgresStore.open(storeOptions(url, { clock }));
  const after = await earlier.topic("after");
  await earlier.publish(kept, "a", "b");
  await earlier.publish(after, "1", "2");
  await earlier.topics.delete(earlier.accountId, "after");
  await earlier.removeRecords(60_000);
  expect(await earlier.textOf(kept, 1)).toBe("a");
  expect(await earlier.textOf(kept, 2)).toBe("b");
  const left = "SELECT 1 FROM ringback.message";
  expect(await server.query(left, [], "removing")).toHaveLength(6);
  while ((await store.log.retain()).more);
  expect(await server.query(left, [], "removing")).toHaveLength(2);
  await store.close();
  await earlier.end();
});
