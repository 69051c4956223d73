/**
 * Real: the server inside the test's process, SQLite, receivers as child processes, SIGKILL, HTTP. Nothing is faked.
 * Receivers are killed at any moment; they use a client of the test harness. `postgres.test.ts` tests two servers on
 * PostgreSQL, and `slow/cmq-queue.test.ts` runs longer.
 */
import { describe, expect, it } from "vitest";
import { useCmqServer } from "../harness/cmq/running-server.ts";
import { SignedCaller } from "../harness/cmq/signed-caller.ts";
import { expectKept } from "../harness/queue-load/expect-kept.ts";
import { Receivers } from "../harness/queue-load/receivers.ts";
import { runQueueLoad } from "../harness/queue-load/run.ts";
import { chanceFrom } from "../harness/random.ts";
import { until } from "../harness/until.ts";

const given = useCmqServer();

describe("a queue whose receivers are killed at random", () => {
  it("loses no message, gives none to two receivers within its visibility timeout, and releases those of killed receivers", async () => {
    const { server, pair } = given();
    const report = await runQueueLoad({ urls: [server.url], pair, seed: 20261122, loadMs: 1_000, killsMin: 3 });
    expectKept(report, { sent: 100 });
  });
});

it("gives a waiting receiver the message of a killed one when its visibility timeout has ended, and not before", async () => {
  const { server, pair } = given();
  using caller = new SignedCaller(server.url, pair);
  const queueName = "inherited";
  await caller.ok("CreateQueue", { queueName, visibilityTimeout: 1 });
  const { msgId } = await caller.ok("SendMessage", { queueName, msgBody: "inheritance" });
  const options = { urls: [server.url] as const, pair, queueName, count: 1, chance: chanceFrom(1) };
  await using receivers = new Receivers({ ...options, workMsMax: 0, dropped: 1 });
  const [first] = await until(
    "it has it",
    () => receivers.reports,
    (reports) => reports.length > 0,
  );
  await receivers.kill(0);
  const next = await caller.ok("ReceiveMessage", { queueName, pollingWaitSeconds: 20 });
  if (first?.event !== "received") throw new Error(JSON.stringify(first));
  expect([next.msgId, next.dequeueCount]).toEqual([msgId, first.dequeueCount + 1]);
  expect(Date.now()).toBeGreaterThanOrEqual(first.requestedAtMs + 1000);
});

it("delivers in the order of sending to a receiver that receives one message at a time", async () => {
  const { server, pair } = given();
  using caller = new SignedCaller(server.url, pair);
  const queueName = "in-line";
  await caller.ok("CreateQueue", { queueName });
  const count = 200;
  const wanted = Array.from({ length: count }, (_, index) => `number ${index}`);
  for (let at = 0; at < count; at += 10) {
    const batch = wanted.slice(at, at + 10).map((body, index) => [`msgBody.${index}`, body]);
    await caller.ok("BatchSendMessage", { queueName, ...(Object.fromEntries(batch) as Record<string, string>) });
  }
  const got: string[] = [];
  while (got.length < count) {
    const { msgBody = "", receiptHandle = "" } = await caller.ok("ReceiveMessage", { queueName });
    got.push(msgBody);
    await caller.ok("DeleteMessage", { queueName, receiptHandle });
  }
  expect(got).toEqual(wanted);
});
