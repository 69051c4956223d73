import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Revision, WriteCondition } from "../../domain/write-condition.ts";
import {
  delivered,
  eventually,
  message,
  parkedUntil,
  released,
  settings,
  textsOf,
  topicSettings,
} from "../contract/fixtures.ts";
import type { Claim } from "../log.ts";
import type { Store } from "../store.ts";
import { postgresLimits } from "./postgres-limits.ts";
import { Cluster, seqsOf, withCluster } from "./testing/cluster.ts";
import { PostgresServer } from "./testing/postgres-server.ts";

// Real: PostgreSQL, nodes with separate connections. Faked: the clock, unless a test says otherwise. All nodes run in
// one process.
let server: PostgresServer;
beforeAll(async () => void (server = await PostgresServer.start()));
afterAll(() => server.stop());

function withNodes(count: number, work: (cluster: Cluster) => Promise<void>): Promise<void> {
  return withCluster(Cluster.start(server, count), work);
}

const texts = (count: number, key = ""): string[] => Array.from({ length: count }, (_, index) => `${key}${index}`);

describe("several nodes on one database", () => {
  it("deliver one hot subscription together, each message once", () =>
    withNodes(3, async (cluster) => {
      const reader = await cluster.subscribe({ maxInFlight: 1_000 });
      await cluster.publish(...texts(900));
      const shares = await Promise.all(
        cluster.nodes.map(async (_, node) => {
          const seqs: number[] = [];
          for (;;) {
            const claim = await cluster.claim(node, reader, { deliveriesMax: 20 });
            if (claim.deliveries.length === 0) return seqs;
            seqs.push(...seqsOf(claim));
            expect(await cluster.settle(node, claim)).toBe(claim.deliveries.length);
          }
        }),
      );
      expect(shares.flat().toSorted((a, b) => a - b)).toEqual(Array.from({ length: 900 }, (_, index) => index + 1));
      // All nodes claim at the beginning. A node that waits for another node's claim gets the next messages.
      for (const share of shares) expect(share.length).toBeGreaterThanOrEqual(20);
      const counts = await cluster.store(1).records.subscriptionCounts(reader.id);
      expect(counts).toMatchObject({ backlog: 0, inFlight: 0, parked: 0 });
    }));

  it("have at most maxInFlight deliveries open in total, and use the capacity that one of them releases", () =>
    withNodes(2, async (cluster) => {
      const reader = await cluster.subscribe({ maxInFlight: 10 });
      await cluster.publish(...texts(50));
      const first = await cluster.claim(0, reader, { deliveriesMax: 7 });
      const second = await cluster.claim(1, reader, { deliveriesMax: 7 });
      expect([first.deliveries.length, second.deliveries.length]).toEqual([7, 3]);
      const none = await cluster.claim(0, reader);
      expect(none).toMatchObject({ deliveries: [], more: false });
      expect(none.nextDueAtMs).toBeGreaterThan(cluster.clock?.now() ?? 0);
      await cluster.settle(0, first, delivered, [1, 2]);
      expect(seqsOf(await cluster.claim(1, reader))).toEqual([11, 12]);
    }));

  it("get no early time for the next claim when there is no message, even if a claim was larger than the free part of maxInFlight", () =>
    withNodes(2, async (cluster) => {
      const reader = await cluster.subscribe({ maxInFlight: 10 });
      expect(await cluster.claim(0, reader, { deliveriesMax: 20 })).toMatchObject({ more: false, nextDueAtMs: null });
      await cluster.publish(...texts(4));
      const held = await cluster.claim(0, reader, { deliveriesMax: 20 });
      expect(held.deliveries).toHaveLength(4);
      const none = await cluster.claim(1, reader, { deliveriesMax: 20 });
      // The next claim is due when the lease of the other node expires, and not earlier.
      expect(none.nextDueAtMs).toBeGreaterThan((cluster.clock?.now() ?? 0) + postgresLimits.claimRetryMs);
    }));

  it("let a node claim any number when no other node is alive", () =>
    withNodes(2, async (cluster) => {
      const reader = await cluster.subscribe({ maxInFlight: 4 });
      await cluster.publish(...texts(20));
      expect(seqsOf(await cluster.claim(0, reader))).toHaveLength(4);
      await cluster.nodes[1]?.close();
      expect(seqsOf(await cluster.claim(0, reader))).toHaveLength(16);
    }));

  it("open one delivery of a strictly ordered subscription at a time, over all nodes", () =>
    withNodes(2, async (cluster) => {
      const reader = await cluster.subscribe({ order: "strict" });
      await cluster.publish(...texts(4));
      const claims = await Promise.all([0, 1, 0, 1].map((node) => cluster.claim(node, reader)));
      const opened = claims.flatMap(seqsOf);
      expect(opened).toEqual([1]);
      const holder = claims.findIndex((claim) => claim.deliveries.length === 1);
      await cluster.settle(holder % 2, claims[holder] as Claim);
      expect(seqsOf(await cluster.claim(1, reader))).toEqual([2]);
      expect(seqsOf(await cluster.claim(0, reader))).toEqual([]);
    }));

  it("leave an ordering key to the node that has claimed one of its deliveries, and claim the other keys", () =>
    withNodes(2, async (cluster) => {
      const reader = await cluster.subscribe({ order: "key" });
      await cluster.publish("a1", "b1", "a2", "c1", "a3", "b2");
      const mine = await cluster.claim(0, reader, { deliveriesMax: 1 });
      expect(textsOf(mine)).toEqual(["a1"]);
      const theirs = await cluster.claim(1, reader);
      expect(textsOf(theirs)).toEqual(["b1", "c1", "b2"]);
      // The first node, or any node once the key is free, gets the skipped messages of the key.
      expect(textsOf(await cluster.claim(0, reader, { deliveriesMax: 1 }))).toEqual(["a2"]);
      expect(textsOf(await cluster.claim(1, reader))).toEqual([]);
      await cluster.settle(0, mine);
      expect(textsOf(await cluster.claim(1, reader))).toEqual([]);
      expect(textsOf(await cluster.claim(0, reader))).toEqual(["a3"]);
    }));

  it("keep the order of every key while they claim, fail, release and settle at random", () =>
    withNodes(3, async (cluster) => {
      const reader = await cluster.subscribe({ order: "key" });
      const keys = ["a", "b", "c", "d"];
      const count = 40;
      for (let index = 0; index < count; index++) await cluster.publish(...keys.map((key) => `${key}${index}`));
      let state = 7;
      const chance = (below: number): number => {
        state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
        return Math.floor((state / 2 ** 32) * below);
      };
      const seen = new Map<string, number[]>(keys.map((key) => [key, []]));
      let left = keys.length * count;
      const work = async (node: number): Promise<void> => {
        while (left > 0) {
          const claim = await cluster.claim(node, reader, { deliveriesMax: 1 + chance(9) });
          const stopped = new Set<string>();
          for (const { message: sent } of claim.deliveries) {
            const key = sent.orderingKey as string;
            // Like a subscription sender: settles every delivery after a failure of the same key as held.
            const how = stopped.has(key) ? ({ kind: "held" } as const) : chance(5) === 0 ? parkedUntil(0) : delivered;
            if (how.kind !== "delivered") stopped.add(key);
            else {
              seen.get(key)?.push(sent.seq);
              left--;
            }
            expect(await cluster.settle(node, claim, how, [sent.seq])).toBe(1);
          }
        }
      };
      await Promise.all([work(0), work(1), work(2)]);
      for (const seqs of seen.values()) {
        expect(seqs).toHaveLength(count);
        expect(seqs).toEqual(seqs.toSorted((a, b) => a - b));
      }
    }));

  it("take over exactly the unfinished deliveries of a node when its lease has expired", () =>
    withNodes(2, async (cluster) => {
      const reader = await cluster.subscribe();
      await cluster.publish(...texts(6));
      const claim = await cluster.claim(0, reader, { deliveriesMax: 4 }, 1_000);
      await cluster.settle(0, claim, delivered, [2]);
      await cluster.settle(0, claim, parkedUntil(5_000_000_000_000), [3]);
      await cluster.nodes[0]?.kill();
      expect(seqsOf(await cluster.claim(1, reader))).toEqual([5, 6]);
      cluster.clock?.advance(1_000);
      expect(seqsOf(await cluster.claim(1, reader))).toEqual([1, 4]);
    }));

  it("do not let a node that hung settle or renew deliveries that another node has claimed since", () =>
    withNodes(2, async (cluster) => {
      const reader = await cluster.subscribe();
      await cluster.publish("a", "b");
      const late = await cluster.claim(0, reader, {}, 1_000);
      cluster.clock?.advance(1_000);
      const holder = await cluster.claim(1, reader);
      expect(seqsOf(holder)).toEqual([1, 2]);
      expect(await cluster.store(0).log.renew([late.id], 1_000)).toEqual([]);
      expect(await cluster.settle(0, late)).toBe(0);
      expect(await cluster.settle(1, holder)).toBe(2);
      const { items } = await cluster.store(0).records.listAttempts(reader.id, { after: null, limit: 10 });
      expect(items).toHaveLength(2);
    }));

  it("cannot settle or renew the claims of each other", () =>
    withNodes(2, async (cluster) => {
      const reader = await cluster.subscribe();
      await cluster.publish("a");
      const claim = await cluster.claim(0, reader);
      expect(await cluster.settle(1, claim)).toBe(0);
      expect(await cluster.store(1).log.renew([claim.id], 1_000_000)).toEqual([]);
      expect(await cluster.settle(0, claim)).toBe(1);
    }));

  it("wake each other when something is published, released or changed", () =>
    withNodes(2, async (cluster) => {
      const reader = await cluster.subscribe();
      const other = cluster.store(1);
      let ready = 0;
      let changed = 0;
      other.log.onReady((ids) => void (ready += ids.filter((id) => id === reader.id).length));
      other.catalog.onSubscriptionChange((id) => void (changed += id === reader.id ? 1 : 0));
      const wakes = async (cause: () => Promise<unknown>): Promise<void> => {
        const before = ready;
        await cause();
        await eventually(() => ready > before);
      };
      await wakes(() => cluster.publish("a"));
      await wakes(async () => cluster.settle(0, await cluster.claim(0, reader), released));
      await wakes(() => cluster.subscribe({ maxInFlight: 5 }));
      expect((await other.catalog.getSubscriptionById(reader.id))?.settings.maxInFlight).toBe(5);
      const before = changed;
      await cluster.store(0).catalog.deleteSubscription(cluster.topic.id, "reader");
      await eventually(() => changed > before);
      expect(await other.catalog.getSubscriptionById(reader.id)).toBeNull();
    }));

  it("see each other's topics and entries", () =>
    withNodes(2, async (cluster) => {
      const [one, other] = [cluster.store(0), cluster.store(1)];
      const account = one.catalog.defaultAccount().id;
      expect(await other.catalog.getTopic(account, "orders")).toEqual(cluster.topic);
      await one.catalog.putTopic(account, "orders", topicSettings({ bodyBytesMax: 2_048 }));
      await eventually(async () => (await other.catalog.getTopic(account, "orders"))?.settings.bodyBytesMax === 2_048);
      await one.entries.put(account, "hook", "h", { a: 1 });
      await eventually(async () => (await other.entries.get(account, "hook", "h")) !== null);
      await one.catalog.deleteTopic(account, "orders");
      await eventually(async () => (await other.catalog.getTopic(account, "orders")) === null);
      const request = { topicId: cluster.topic.id, messages: [message("a")], idempotency: null };
      await expect(other.log.append(request)).rejects.toMatchObject({ code: "topic_not_found" });
    }));

  it("let exactly one of several puts with the same condition succeed, on whichever nodes, and all nodes see its value", () =>
    withNodes(2, async (cluster) => {
      const { accountId, id } = cluster.topic;
      const stores = [cluster.store(0), cluster.store(1)];
      const kinds: {
        readonly put: (store: Store, name: string, n: number, condition: WriteCondition) => Promise<unknown>;
        readonly find: (name: string) => Promise<Revision | null>;
      }[] = [
        {
          put: ({ catalog }, name, n, condition) =>
            catalog.putTopic(accountId, name, topicSettings({ retentionMs: 60_000 + n }), condition),
          find: (name) => cluster.store(0).catalog.getTopic(accountId, name),
        },
        {
          put: ({ catalog }, name, n, condition) =>
            catalog.putSubscription(id, name, settings({ maxInFlight: n }), "now", condition),
          find: (name) => cluster.store(0).catalog.getSubscription(id, name),
        },
        {
          put: ({ entries }, name, n, condition) => entries.put(accountId, "hook", name, { n }, condition),
          find: (name) => cluster.store(0).entries.get(accountId, "hook", name),
        },
      ];
      const read = async (store: Store, name: string) =>
        JSON.stringify([
          (await store.catalog.getTopic(accountId, name))?.settings.retentionMs,
          (await store.catalog.getSubscription(id, name))?.settings.maxInFlight,
          (await store.entries.get(accountId, "hook", name))?.value,
        ]);
      for (let round = 0; round < 5; round++) {
        const name = `n${round}`;
        for (const version of [0, 1, 2]) {
          const values = [1, 2, 3, 4].map((n) => 10 * version + n);
          const winners: number[] = [];
          for (const { put, find } of kinds) {
            const condition = (await find(name)) ?? "absent";
            const puts = await Promise.allSettled(
              values.map((value, index) => put(cluster.store(index % 2), name, value, condition)),
            );
            winners.push(...values.filter((_, index) => puts[index]?.status === "fulfilled"));
            const refusals = puts.flatMap((result) => (result.status === "rejected" ? [result.reason as Error] : []));
            expect(refusals).toMatchObject(refusals.map(() => ({ code: "precondition_failed" })));
          }
          expect(winners).toHaveLength(kinds.length);
          const [topic, subscription, entry] = winners as [number, number, number];
          const expected = JSON.stringify([60_000 + topic, subscription, { n: entry }]);
          for (const store of stores) await eventually(async () => (await read(store, name)) === expected);
        }
      }
    }));

  it("number a topic's messages without gaps while all nodes publish", () =>
    withNodes(3, async (cluster) => {
      const reader = await cluster.subscribe({ maxInFlight: 1_000 });
      const results = await Promise.all(
        Array.from({ length: 150 }, (_, index) =>
          cluster.store(index % 3).log.append({
            topicId: cluster.topic.id,
            messages: [message(`${index}.0`), message(`${index}.1`)],
            idempotency: index % 10 === 0 ? { key: "same", fingerprint: "f" } : null,
          }),
        ),
      );
      expect(results.filter(({ replayed }) => replayed)).toHaveLength(14);
      expect(seqsOf(await cluster.claim(0, reader, { deliveriesMax: 1_000 }))).toEqual(
        Array.from({ length: 272 }, (_, index) => index + 1),
      );
    }));
});
