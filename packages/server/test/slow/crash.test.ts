/** The same test as `crash.test.ts`, with more kills and longer loads between them. */
import { describe, it } from "vitest";
import { expectSurvivedKills } from "../harness/chaos/expect-survived.ts";

describe("kill -9 under load, for longer", () => {
  it("loses nothing that was accepted, and sends nothing again that was recorded as delivered", async () => {
    await expectSurvivedKills(60, 400);
  });
});
