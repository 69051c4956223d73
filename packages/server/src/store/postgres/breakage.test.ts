import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Seq } from "../../domain/model.ts";
import { delivered, eventually, HOUR_MS, message, settlement } from "../contract/fixtures.ts";
import type { Claim, ClaimedDelivery } from "../log.ts";
import { Cluster, seqsOf, withCluster } from "./testing/cluster.ts";
import { PostgresServer } from "./testing/postgres-server.ts";
import { Survival, unlessBroken } from "./testing/survival.ts";

// Real: PostgreSQL with fsync, its clock, connections. Nothing is faked. Tests cut connections and kill all processes
// of the server at once, as a power failure does.
let server: PostgresServer;
beforeAll(async () => void (server = await PostgresServer.start({ fsync: true })));
afterAll(() => server.stop());

function withNodes(count: number, work: (cluster: Cluster) => Promise<void>): Promise<void> {
  return withCluster(Cluster.start(server, count, null), work);
}

describe("a database that breaks", () => {
  it("loses no accepted message and settles no delivery twice while connections are cut at random", () =>
    withNodes(2, async (cluster) => {
      const { failed, twice } = await Survival.of(cluster, async (survival) => {
        for (let cut = 0; cut < 8; cut++) {
          await survival.more(60);
          await server.query(
            `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
               WHERE application_name LIKE 'node-%' AND datname = $1 AND random() < 0.6`,
            [cluster.database],
          );
        }
      });
      expect(failed).toBeGreaterThan(0);
      expect(twice).toBe(0);
    }));

  it("loses no accepted message while the server crashes and starts again", () =>
    withNodes(2, async (cluster) => {
      const { failed, twice } = await Survival.of(cluster, async (survival) => {
        for (let end = 0; end < 2; end++) {
          await survival.more(150);
          await server.crash();
          await server.run();
        }
        await survival.more(150);
      });
      expect(failed).toBeGreaterThan(0);
      expect(twice).toBe(0);
    }));

  it("fails publishes while it is read-only, as after a fail-over, and accepts them again without a restart of the node", () =>
    withNodes(1, async (cluster) => {
      const store = cluster.store(0);
      const request = { topicId: cluster.topic.id, messages: [message("a")], idempotency: null };
      await store.log.append(request);
      const readOnly = (on: boolean): Promise<unknown> =>
        cluster.query(`ALTER DATABASE ${cluster.database} SET default_transaction_read_only = ${on ? "on" : "off"}`);
      await readOnly(true);
      await server.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'node-%'");
      await eventually(() =>
        store.log.append(request).then(
          () => false,
          () => !store.cluster.writable(),
        ),
      );
      await expect(store.log.append(request)).rejects.toMatchObject({ code: "storage_unavailable" });
      await server.query(`ALTER DATABASE ${cluster.database} RESET default_transaction_read_only`);
      await server.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'node-%'");
      // No publish takes place: the node detects by itself that the database accepts writes again.
      await eventually(() => store.cluster.writable());
      expect(await store.log.append(request)).toMatchObject({ replayed: false });
    }));

  it("hides no delivery of a pull that it refuses: the next claim gets the delivery at once", () =>
    withNodes(1, async (cluster) => {
      const store = cluster.store(0);
      const reader = await cluster.subscribe();
      await store.log.append({ topicId: cluster.topic.id, messages: [message("a")], idempotency: null });
      const want = { subscriptionId: reader.id, deliveriesMax: 1, bytesMax: 1_000, fromLog: true };
      const claimOne = async (): Promise<Claim> => {
        const [claim] = (await store.log.claim([want], HOUR_MS)) as [Claim];
        expect(seqsOf(claim)).toEqual([1]);
        return claim;
      };
      await cluster.query(
        `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
           $$ BEGIN RAISE EXCEPTION 'no room' USING ERRCODE = 'disk_full'; END $$;
         CREATE TRIGGER refusal BEFORE INSERT ON ringback.attempt EXECUTE FUNCTION refuse()`,
      );
      for (let pull = 0; pull < 2; pull++) {
        const claim = await claimOne();
        const [delivery] = claim.deliveries as [ClaimedDelivery];
        const outcome = settlement(claim, delivery, delivered);
        await expect(store.log.settle([outcome], "fail")).rejects.toMatchObject({ code: "storage_full" });
      }
      await claimOne();
    }));

  it("counts as unavailable when it refuses connections for any reason: publishes fail, and outcomes are kept", () =>
    withNodes(1, async (cluster) => {
      const store = cluster.store(0);
      const reader = await cluster.subscribe();
      await cluster.publish("a");
      const claim = await cluster.claim(0, reader, {}, 60_000);
      const letIn = (on: boolean): Promise<unknown> =>
        server.query(`ALTER DATABASE ${cluster.database} ALLOW_CONNECTIONS ${String(on)}`);
      await letIn(false);
      await server.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", [
        cluster.database,
      ]);
      const kept = cluster.settle(0, claim);
      kept.catch(() => {});
      await eventually(() => !store.cluster.writable());
      await expect(cluster.publish("b")).rejects.toMatchObject({ code: "storage_unavailable" });
      await letIn(true);
      expect(await kept).toBe(1);
      await eventually(() => store.cluster.writable());
      await cluster.publish("c");
    }));

  it("keeps settlements until the database is available again, and drops them when the node ends before that", () =>
    withNodes(2, async (cluster) => {
      const reader = await cluster.subscribe();
      await cluster.publish("a", "b");
      const [first, second] = [
        await cluster.claim(0, reader, { deliveriesMax: 1 }, 60_000),
        await cluster.claim(1, reader, { deliveriesMax: 1 }, 60_000),
      ];
      for (const { cable } of cluster.nodes) cable.cut();
      const kept = cluster.settle(0, first);
      const given = cluster.settle(1, second);
      given.catch(() => {});
      const closing = cluster.nodes[1]?.store.close();
      await expect(given).rejects.toMatchObject({ code: "shutting_down" });
      await closing;
      cluster.nodes[0]?.cable.mend();
      expect(await kept).toBe(1);
      const { items } = await cluster.store(0).records.listAttempts(reader.id, { after: null, limit: 10 });
      expect(items).toHaveLength(1);
    }));

  it("releases the deliveries of a claim whose answer was lost", () =>
    withNodes(1, async (cluster) => {
      const reader = await cluster.subscribe();
      await cluster.publish("a", "b", "c");
      const before = new Set<Seq>();
      // The database makes some of these claims, but their answers never arrive here.
      for (let times = 0; times < 10; times++) {
        const asking = unlessBroken(() => cluster.claim(0, reader, { deliveriesMax: 1 }, 60_000));
        await new Promise((resolve) => setImmediate(resolve));
        cluster.nodes[0]?.cable.cut();
        const claim = await asking;
        cluster.nodes[0]?.cable.mend();
        for (const seq of claim === null ? [] : seqsOf(claim)) before.add(seq);
      }
      const claims: Seq[] = [];
      await eventually(async () => {
        const claim = await unlessBroken(() => cluster.claim(0, reader, {}, 60_000));
        claims.push(...(claim === null ? [] : seqsOf(claim)));
        return claims.length + before.size >= 3;
      });
      expect([...before, ...claims].toSorted((a, b) => a - b)).toEqual([1, 2, 3]);
    }));

  it("receives changes of other nodes again after its connection was cut", () =>
    withNodes(2, async (cluster) => {
      const reader = await cluster.subscribe();
      const other = cluster.store(1);
      await other.catalog.getSubscriptionById(reader.id);
      cluster.nodes[1]?.cable.cut();
      await cluster.subscribe({ maxInFlight: 7 });
      cluster.nodes[1]?.cable.mend();
      const changed = new Set<number>();
      other.catalog.onSubscriptionChange((id) => changed.add(id));
      await eventually(
        async () =>
          (await unlessBroken(() => other.catalog.getSubscriptionById(reader.id)))?.settings.maxInFlight === 7,
      );
      await cluster.store(0).catalog.setSubscriptionState(cluster.topic.id, "reader", "paused");
      await eventually(async () => (await other.catalog.getSubscriptionById(reader.id))?.state === "paused");
    }));
});

it("is distinguished from an invalid value: a request that cannot be stored is refused, and the others of its batch are stored", () =>
  withNodes(1, async (cluster) => {
    const reader = await cluster.subscribe();
    await cluster.publish("a", "b");
    const claim = await cluster.claim(0, reader);
    const bad = { ...delivered };
    const [one, other] = claim.deliveries;
    const attempt = {
      attempt: 1,
      startedAtMs: 1,
      durationMs: 1,
      verdict: "accepted" as const,
      status: 200,
      errorCode: "a null character: \u0000",
      errorDetail: null,
      reply: null,
    };
    const base = { claimId: claim.id, subscriptionId: reader.id, settled: bad };
    const store = cluster.store(0);
    const answers = await Promise.allSettled([
      store.log.settle([{ ...base, delivery: one as never, attempt }]),
      store.log.settle([{ ...base, delivery: other as never, attempt: { ...attempt, errorCode: null } }]),
    ]);
    expect(answers).toMatchObject([
      { status: "rejected", reason: { code: "internal" } },
      { status: "fulfilled", value: 1 },
    ]);
  }));
