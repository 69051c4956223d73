/**
 * Real: the server as a child process, `kill -9`, its database file, sockets on loopback, clients, receivers. Nothing
 * is faked. The clients publish concurrently. One receiver is slow, and three receivers fail sometimes. Power loss is
 * not tested, because data that a killed process has written is still in the operating system.
 */
import { describe, it } from "vitest";
import { expectSurvivedKills } from "./harness/chaos/expect-survived.ts";

describe("kill -9 under load, again and again on one folder", () => {
  it("loses nothing that was accepted, and sends nothing again that was recorded as delivered", async () => {
    await expectSurvivedKills(3, 60);
  });
});
