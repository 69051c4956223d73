/**
 * Real: the server as a child process, ten thousand connections to it. Nothing is faked. A receive waits on each
 * connection. The test and the server each need ten thousand open files.
 */
import { expect, it } from "vitest";
import { limits } from "../../src/domain/limits.ts";
import { expectOneOfManyWoken } from "../harness/cmq/expect-woken.ts";
import { useCmqServerProcess } from "../harness/cmq/running-server.ts";
import { SignedCaller } from "../harness/cmq/signed-caller.ts";
import { WaitingReceives } from "../harness/cmq/waiting-receives.ts";
import { until } from "../harness/until.ts";

const given = useCmqServerProcess();

it("lets ten thousand receives wait at little cost, and gives a message to exactly one of them", async () => {
  const { server, pair } = given();
  const woken = await expectOneOfManyWoken(server, pair, { count: 10_000, idleMs: 5_000 });
  expect(woken.idlePercent).toBeLessThan(10);
  expect(woken.bytesPerReceive).toBeLessThan(50_000);
});

it("answers 4420 to a receive past the limit of waiting receives, and continues when the others have left", async () => {
  const { server, pair } = given();
  using caller = new SignedCaller(server.url, pair);
  const queueName = "full-house";
  await caller.ok("CreateQueue", { queueName });
  {
    await using receives = await WaitingReceives.ask(server.url, pair, queueName, limits.pullWaitersMax + 1);
    const [refused] = await until(
      "one is refused",
      () => receives.answers,
      (answers) => answers.length > 0,
    );
    expect(refused).toMatchObject({ code: 4420, message: expect.stringMatching(/^\(10250\)/) });
    expect([receives.answers.length, receives.broken]).toEqual([1, []]);
  }
  await until(
    "there is room again",
    () => caller.call("ReceiveMessage", { queueName, pollingWaitSeconds: 1 }),
    ({ code }) => code === 7000,
  );
});
