/** The same test as `cluster.test.ts`, but longer, and with the default time after which a node counts as dead. */
import { describe, it } from "vitest";
import { expectClusterSurvived } from "../harness/cluster-chaos/expect-survived.ts";

const loadMs = 130_000;
const nodeGoneAfterMs = 20_000;

describe("three servers on one PostgreSQL, while servers and database are killed, stopped, disconnected and restarted, for longer", () => {
  it("deliver every accepted message, in order where requested, and none again whose success is recorded", async () => {
    await expectClusterSurvived(loadMs, nodeGoneAfterMs);
  });
});
