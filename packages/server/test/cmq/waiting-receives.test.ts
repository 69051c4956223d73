/**
 * Real: the server as a process, a thousand connections to it. Nothing is faked. A receive waits on each connection.
 * The server's metrics show the memory that it uses. `slow/cmq-waiting.test.ts` tests ten thousand receives and the CPU
 * time that they need while they wait.
 */
import { expect, it } from "vitest";
import { expectOneOfManyWoken } from "../harness/cmq/expect-woken.ts";
import { useCmqServerProcess } from "../harness/cmq/running-server.ts";

const given = useCmqServerProcess();

it("lets a thousand receives wait at little cost, and gives a message to exactly one of them", async () => {
  const { server, pair } = given();
  const { bytesPerReceive } = await expectOneOfManyWoken(server, pair, { count: 1_000, idleMs: 0 });
  // A server with one thread for each receive would need more memory.
  expect(bytesPerReceive).toBeLessThan(100_000);
});
