/**
 * Real: three servers as child processes, a PostgreSQL for them, sockets, publishers, receivers, `kill -9`, SIGSTOP.
 * Nothing is faked. Connections are cut, and the database is restarted or killed. Receivers fail, and publishers retry.
 * A node counts as dead after a shorter time than by default; `slow/cluster.test.ts` uses the default. Power loss is
 * not tested, because data that a killed process has written is still in the operating system.
 */
import { describe, it } from "vitest";
import { expectClusterSurvived } from "./harness/cluster-chaos/expect-survived.ts";

/** Long enough for one round of the script. A round contains every kind of disturbance. */
const loadMs = 5_000;
const nodeGoneAfterMs = 8_000;

describe("three servers on one PostgreSQL, while servers and database are killed, stopped, disconnected and restarted under load", () => {
  it("deliver every accepted message, in order where requested, and none again whose success is recorded", async () => {
    await expectClusterSurvived(loadMs, nodeGoneAfterMs);
  });
});
