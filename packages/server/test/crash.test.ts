/**
 * Real: the server as a child process, `kill -9`, its database file, sockets on loopback, clients that publish at the
 * same time, receivers of which one is slow and three fail now and then. Not shown here: power loss, since a killed
 * process leaves what it wrote with the operating system.
 */
import { describe, it } from "vitest";
import { expectSurvivedKills } from "./harness/chaos/expect-survived.ts";

describe("kill -9 under load, again and again on one folder", () => {
  it("loses nothing that was accepted, and sends nothing again that was recorded as delivered", async () => {
    await expectSurvivedKills(3, 60);
  });
});
