/**
 * Real: the server as a process and a thousand connections to it, each with a receive that waits. What they cost the server is read from its
 * own metrics. Ten thousand receives, and the CPU time that they cost while they wait: `slow/cmq-waiting.test.ts`.
 */
import { expect, it } from "vitest";
import { expectOneOfManyWoken } from "../harness/cmq/expect-woken.ts";
import { useCmqServer } from "../harness/cmq/running-server.ts";

const given = useCmqServer();

it("lets a thousand receives wait at rest, and gives a message to exactly one of them", async () => {
  const { server, pair } = given();
  const { bytesPerReceive } = await expectOneOfManyWoken(server, pair, { count: 1_000, idleMs: 0 });
  // A thread for each would take more.
  expect(bytesPerReceive).toBeLessThan(100_000);
});
