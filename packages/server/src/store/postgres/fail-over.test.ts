import { expect, it } from "vitest";
import { RingbackError } from "../../domain/errors.ts";
import { eventually, message } from "../contract/fixtures.ts";
import { Cluster } from "./testing/cluster.ts";
import { PostgresServer } from "./testing/postgres-server.ts";
import { Survival } from "./testing/survival.ts";
import { sqlState } from "./storage-failure.ts";

// Real: a primary, a standby, their clocks. Faked: the address that moves from the primary to the standby. The standby
// follows the primary until it is promoted.
const READ_ONLY = "25006";

it("a node reconnects to the standby at the same address, waits while the standby is read-only, and loses no accepted message", async () => {
  const primary = await PostgresServer.start();
  const standby = await primary.withStandby();
  const cluster = await Cluster.start(primary, 2, null);
  try {
    const { failed, twice } = await Survival.of(cluster, async (survival) => {
      await survival.more(300);
      await primary.crash();
      cluster.moveTo(standby);
      const store = cluster.store(0);
      const request = { topicId: cluster.topic.id, messages: [message("refused")], idempotency: null };
      await eventually(async () => {
        try {
          await store.log.append(request);
        } catch (error) {
          return error instanceof RingbackError && sqlState(error.cause) === READ_ONLY;
        }
        throw new Error("A server that only reads has taken a publish.");
      });
      expect(store.cluster.writable()).toBe(false);
      await standby.query("SELECT pg_promote()");
      await eventually(() => store.cluster.writable());
      await survival.more(300);
    });
    expect(failed).toBeGreaterThan(0);
    expect(twice).toBe(0);
  } finally {
    await cluster.dispose();
    await Promise.all([primary.stop(), standby.stop()]);
  }
});
