/**
 * Real: three servers as child processes, a PostgreSQL for them, sockets, publishers, receivers, `kill -9`, SIGSTOP.
 * Nothing is faked. Connections are cut, and the database is restarted or killed. Receivers fail, and publishers retry.
 * Power loss is not tested, because data that a killed process has written is still in the operating system.
 */
import { describe, it } from "vitest";
import { expectClusterSurvived } from "../harness/cluster-chaos/expect-survived.ts";

describe("three servers on one PostgreSQL, while servers and database are killed, stopped, disconnected and restarted under load", () => {
  it.each([
    ["for one round of disturbances, with nodes that soon count as dead", 5_000, 8_000],
    ["for longer, with the default time after which a node counts as dead", 130_000, 20_000],
  ])(
    "deliver every accepted message, in order where requested, and none again whose success is recorded: %s",
    async (_for, loadMs, nodeGoneAfterMs) => {
      await expectClusterSurvived(loadMs, nodeGoneAfterMs);
    },
  );
});
