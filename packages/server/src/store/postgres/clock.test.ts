import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually, Scene, textsOf } from "../contract/fixtures.ts";
import { ManualClock, type StoreUnderTest } from "../contract/harness.ts";
import { PostgresStore } from "./postgres-store.ts";
import { freshDatabase, storeOptions } from "./testing/postgres-database.ts";
import { PostgresServer } from "./testing/postgres-server.ts";

// Real: PostgreSQL, two nodes with their heartbeats. Faked: the clock of the database, which the test sets.
let server: PostgresServer;
beforeAll(async () => void (server = await PostgresServer.start()));
afterAll(() => server.stop());

const HOUR_MS = 3_600_000;
const LEASE_MS = 600_000;
/** How far steady time may run ahead of the last heartbeat, see steady-ms.sql. */
const LEAD_MS_MAX = 10_000;

/** The clock is not used, because the store uses that of the database. */
function underTest(store: PostgresStore): StoreUnderTest {
  return { store, clock: new ManualClock(), crash: async () => {}, dispose: async () => {} };
}

describe("when the clock of the database is set", () => {
  it.each([-HOUR_MS, 2 * HOUR_MS, 48 * HOUR_MS])(
    "by %i ms, no lease ends, steady time goes on, and a node notices the jump",
    async (byMs) => {
      const database = await freshDatabase(server);
      const jumps: number[] = [];
      const observer = { commit: () => {}, clockJumped: (jumpMs: number) => void jumps.push(jumpMs) };
      const options = storeOptions(server.url(database), { observer, nodeAliveMs: 2_000 });
      const nodes = [await PostgresStore.open(options), await PostgresStore.open(options)] as const;
      const steadyMs = async (): Promise<number> => {
        const [row] = await server.query<{ at: string }>("SELECT ringback.steady_ms() AS at", [], database);
        return Number(row?.at);
      };
      try {
        const scene = await Scene.make(underTest(nodes[0]));
        const other = new Scene(underTest(nodes[1]), scene.topic);
        const sub = await scene.subscribe("sub");
        await scene.publish("a");
        const claim = await scene.claim(sub, {}, LEASE_MS);
        expect(textsOf(claim)).toEqual(["a"]);
        const [beforeMs, startMs] = [await steadyMs(), performance.now()];
        await server.query(
          `CREATE OR REPLACE FUNCTION ringback.now_ms() RETURNS bigint LANGUAGE sql VOLATILE
             RETURN (extract(epoch FROM clock_timestamp()) * 1000)::bigint + (${byMs})`,
          [],
          database,
        );
        expect(textsOf(await other.claim(sub, {}, LEASE_MS))).toEqual([]);
        await eventually(() => jumps.length > 0);
        expect(textsOf(await other.claim(sub, {}, LEASE_MS))).toEqual([]);
        expect(await nodes[0].log.renew([claim.id], LEASE_MS)).toEqual([claim.id]);
        const passedMs = (await steadyMs()) - beforeMs;
        expect(passedMs).toBeGreaterThanOrEqual(0);
        expect(passedMs).toBeLessThanOrEqual(performance.now() - startMs + LEAD_MS_MAX);
        expect(Math.abs((jumps[0] ?? 0) - byMs)).toBeLessThanOrEqual(performance.now() - startMs + LEAD_MS_MAX);
        const { publishedAtMs } = await scene.publish("b");
        expect(Math.abs(publishedAtMs - Date.now() - byMs)).toBeLessThan(HOUR_MS / 2);
      } finally {
        for (const node of nodes) await node.close();
      }
    },
  );
});
