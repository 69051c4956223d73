/** As `cluster.test.ts`, but longer, and with the default time after which a node counts as dead. */
import { describe, it } from "vitest";
import { expectClusterSurvived } from "../harness/cluster-chaos/expect-survived.ts";

const loadMs = 130_000;
const nodeGoneAfterMs = 20_000;

describe("three servers on one PostgreSQL, while they and it are killed, stopped, cut off and restarted, for longer", () => {
  it("deliver all that was accepted, in order where asked, and nothing again whose success is on record", async () => {
    await expectClusterSurvived(loadMs, nodeGoneAfterMs);
  });
});
