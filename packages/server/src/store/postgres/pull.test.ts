import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { limits } from "../../domain/limits.ts";
import type { Subscription } from "../../domain/model.ts";
import { attempt, eventually, invisibleUntil, settlement, textsOf } from "../contract/fixtures.ts";
import type { PulledDelivery, PulledSettlement } from "../log.ts";
import { Cluster, withCluster } from "./testing/cluster.ts";
import { PostgresServer } from "./testing/postgres-server.ts";

// Real: PostgreSQL, nodes with separate connections. Faked: the clock. All nodes run in one process.
let server: PostgresServer;
beforeAll(async () => void (server = await PostgresServer.start()));
afterAll(() => server.stop());

function withNodes(count: number, work: (cluster: Cluster) => Promise<void>): Promise<void> {
  return withCluster(Cluster.start(server, count), work);
}

function statementsOf(cluster: Cluster): number {
  return cluster.nodes[0]?.statements ?? 0;
}

const INVISIBLE_MS = 100;

/** Pulls all available messages through one node, as the engine does for receivers. */
async function pull(
  cluster: Cluster,
  node: number,
  reader: Subscription,
  messagesMax: number,
): Promise<PulledDelivery[]> {
  const nowMs = cluster.clock?.now() ?? 0;
  const claim = await cluster.claim(node, reader, { deliveriesMax: messagesMax });
  const all = claim.deliveries.map((delivery) => ({
    ...settlement(claim, delivery, invisibleUntil(nowMs + INVISIBLE_MS, delivery.retriesMade + 1, nowMs), false),
  }));
  expect(await cluster.store(node).log.settle(all)).toBe(all.length);
  return claim.deliveries.map(({ message: { seq }, retriesMade, firstAttemptAtMs }) => ({
    seq,
    retriesMade: retriesMade + 1,
    firstAttemptAtMs: firstAttemptAtMs ?? nowMs,
  }));
}

function ack(pulled: PulledDelivery): PulledSettlement {
  return { pulled, answer: { kind: "delivered", attempt: attempt(1, "accepted", { status: null, reply: null }) } };
}

describe("pulling at several nodes on one database", () => {
  it("applies only one of several answers for a delivery that arrive at different nodes at the same time", () =>
    withNodes(2, async (cluster) => {
      const reader = await cluster.subscribe({ maxInFlight: 1_000 });
      await cluster.publish(...Array.from({ length: 100 }, (_, index) => `${index}`));
      const receiptHandles = await pull(cluster, 0, reader, 100);
      const answers = await Promise.all(
        receiptHandles.flatMap((receiptHandle) =>
          [0, 1, 0].map((node) => cluster.store(node).log.settlePulled(reader.id, [ack(receiptHandle)])),
        ),
      );
      expect(answers.filter(([applied]) => applied)).toHaveLength(100);
      const { items } = await cluster.store(1).records.listAttempts(reader.id, { after: null, limit: 1_000 });
      expect(items).toHaveLength(100);
      expect(await cluster.store(1).records.unsettledCounts(reader.id)).toEqual({ backlog: 0, parked: 0, inFlight: 0 });
    }));

  it("delivers no acknowledged message again, and every other one, while nodes pull and acknowledge concurrently", () =>
    withNodes(3, async (cluster) => {
      const count = 120;
      const reader = await cluster.subscribe({ maxInFlight: 1_000 });
      await cluster.publish(...Array.from({ length: count }, (_, index) => `${index}`));
      const acknowledged = new Set<number>();
      const receive = async (node: number, every: number): Promise<void> => {
        for (let round = 0; acknowledged.size < count; round++) {
          const doneBefore = new Set(acknowledged);
          const receiptHandles = await pull(cluster, node, reader, 7);
          for (const { seq } of receiptHandles) expect(doneBefore.has(seq)).toBe(false);
          // Some receivers die. Others answer at a time when their visibility timeout may have expired.
          const answering = receiptHandles.filter(({ seq }) => (seq + round) % every !== 0);
          if (round % 2 === 0) cluster.clock?.advance(INVISIBLE_MS / 2);
          const applied = await cluster.store((node + round) % 3).log.settlePulled(reader.id, answering.map(ack));
          for (const [index, isApplied] of applied.entries()) {
            const { seq } = answering[index] as PulledDelivery;
            if (!isApplied) continue;
            expect(acknowledged.has(seq)).toBe(false);
            acknowledged.add(seq);
          }
        }
      };
      await Promise.all([receive(0, 3), receive(1, 4), receive(2, 5)]);
      expect(await cluster.store(0).records.unsettledCounts(reader.id)).toEqual({ backlog: 0, parked: 0, inFlight: 0 });
    }));

  it("wakes the other nodes when a delivery is made visible, when an ordering key is unblocked, and after a rewind", () =>
    withNodes(2, async (cluster) => {
      const reader = await cluster.subscribe({ order: "key" });
      await cluster.publish("a1", "a2");
      const [receiptHandle] = (await pull(cluster, 0, reader, 1)) as [PulledDelivery];
      const wakeUps: number[] = [];
      cluster.store(1).log.onReady((ids) => wakeUps.push(...ids));
      const wakes = async (cause: () => Promise<unknown>): Promise<void> => {
        wakeUps.length = 0;
        await cause();
        await eventually(() => wakeUps.includes(reader.id));
      };
      const answer = { kind: "due", dueAtMs: cluster.clock?.now() ?? 0 } as const;
      await wakes(() => cluster.store(0).log.settlePulled(reader.id, [{ pulled: receiptHandle, answer }]));
      const [again] = (await pull(cluster, 1, reader, 1)) as [PulledDelivery];
      expect(again).toMatchObject({ seq: 1, retriesMade: 2 });
      expect(textsOf(await cluster.claim(0, reader))).toEqual([]);
      await wakes(() => cluster.store(0).log.settlePulled(reader.id, [ack(again)]));
      expect(textsOf(await cluster.claim(1, reader))).toEqual(["a2"]);
      await wakes(() => cluster.store(0).log.rewind(reader.id, "oldest"));
      expect(textsOf(await cluster.claim(1, reader))).toEqual(["a1", "a2"]);
    }));

  it("notifies the other nodes of a pulled delivery, so that they can claim it when it is visible again", () =>
    withNodes(2, async (cluster) => {
      const reader = await cluster.subscribe();
      const wakeUps: number[] = [];
      cluster.store(1).log.onReady((ids) => wakeUps.push(...ids));
      await cluster.publish("a");
      await eventually(() => wakeUps.includes(reader.id));
      wakeUps.length = 0;
      await pull(cluster, 0, reader, 1);
      await eventually(() => wakeUps.includes(reader.id));
      const visibleAtMs = (cluster.clock?.now() ?? 0) + INVISIBLE_MS;
      const empty = await cluster.claim(1, reader, { deliveriesMax: reader.settings.maxInFlight });
      expect([textsOf(empty), empty.nextDueAtMs]).toEqual([[], visibleAtMs]);
    }));

  it("ignores a settlement at one node after another node has rewound past the delivery", () =>
    withNodes(2, async (cluster) => {
      const reader = await cluster.subscribe();
      await cluster.publish("a", "b", "c");
      const claim = await cluster.claim(0, reader);
      await cluster.store(1).log.rewind(reader.id, { seq: 2 });
      expect(await cluster.settle(0, claim)).toBe(1);
      const again = await cluster.claim(1, reader);
      expect(textsOf(again)).toEqual(["b", "c"]);
      expect(await cluster.settle(0, claim)).toBe(0);
      expect(await cluster.settle(1, again)).toBe(2);
    }));

  it("rewinds a bounded number of parked deliveries per commit, and few of them in a single commit", () =>
    withNodes(1, async (cluster) => {
      const reader = await cluster.subscribe({ maxInFlight: 1_000 });
      const count = 2 * limits.rewoundPerCommitMax;
      for (let from = 0; from < count; from += 500) {
        await cluster.publish(...Array.from({ length: 500 }, (_, index) => `${from + index}`));
      }
      const statementsToGoBack = async (seq: number): Promise<number> => {
        const before = statementsOf(cluster);
        await cluster.store(0).log.rewind(reader.id, { seq });
        return statementsOf(cluster) - before;
      };
      for (let taken = 0; taken < count;) taken += (await pull(cluster, 0, reader, 1_000)).length;
      const few = await statementsToGoBack(count - 10);
      expect(await statementsToGoBack(1)).toBeGreaterThanOrEqual(2 * few);
      expect(await cluster.store(0).records.unsettledCounts(reader.id)).toEqual({
        backlog: count,
        parked: 0,
        inFlight: 0,
      });
    }));

  it("writes the answers of many callers in a few round trips", () =>
    withNodes(1, async (cluster) => {
      const reader = await cluster.subscribe({ maxInFlight: 1_000 });
      await cluster.publish(...Array.from({ length: 200 }, (_, index) => `${index}`));
      const receiptHandles = await pull(cluster, 0, reader, 200);
      const before = statementsOf(cluster);
      await Promise.all(
        receiptHandles.map((receiptHandle) => cluster.store(0).log.settlePulled(reader.id, [ack(receiptHandle)])),
      );
      expect(statementsOf(cluster) - before).toBeLessThan(10);
    }));
});
