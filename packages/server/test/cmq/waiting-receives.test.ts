/**
 * Real: the server as a process and a thousand connections to it, each with a receive that waits. What they cost the server is read from its
 * own metrics; ten thousand are in the slow tests.
 */
import { expect, it } from "vitest";
import { expectOneOfManyWoken } from "../harness/cmq/expect-woken.ts";
import { useCmqServer } from "../harness/cmq/running-server.ts";

const given = useCmqServer();

it("lets a thousand receives wait at rest, and gives a message to exactly one of them", async () => {
  const { server, pair } = given();
  const woken = await expectOneOfManyWoken(server, pair, { count: 1_000, idleMs: 1_000 });
  // Bounds that only a poll per receive or a thread each would break.
  expect(woken.idlePercent).toBeLessThan(25);
  expect(woken.bytesPerReceive).toBeLessThan(100_000);
});
