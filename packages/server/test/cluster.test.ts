/**
 * Real: three servers as child processes on a PostgreSQL of their own, `kill -9`, SIGSTOP, connections that are cut, a database
 * that is restarted and one whose processes end at once, sockets, publishers that try again, receivers that fail. Nothing is
 * faked. A node counts as gone after a shorter time than by default, which `slow/cluster.test.ts` keeps. Not shown here: power
 * loss, since what a process has written stays with the operating system.
 */
import { describe, it } from "vitest";
import { expectClusterSurvived } from "./harness/cluster-chaos/expect-survived.ts";

/** One round of the script, which holds every kind of disturbance. */
const loadMs = 5_000;
const nodeGoneAfterMs = 8_000;

describe("three servers on one PostgreSQL, while they and it are killed, stopped, cut off and restarted under load", () => {
  it("deliver all that was accepted, in order where asked, and nothing again whose success is on record", async () => {
    await expectClusterSurvived(loadMs, nodeGoneAfterMs);
  });
});
