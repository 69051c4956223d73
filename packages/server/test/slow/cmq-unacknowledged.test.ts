/**
 * Real: the server as a child process, its database, a receiver. Nothing is faked. The receiver receives messages up to
 * the limit of invisible messages, and deletes none.
 */
import { expect, it } from "vitest";
import { limits } from "../../src/domain/limits.ts";
import { useCmqServerProcess } from "../harness/cmq/running-server.ts";
import { SignedCaller } from "../harness/cmq/signed-caller.ts";

const given = useCmqServerProcess();

const queueName = "hoarded";
const batch = 16;
const atOnce = 8;

it("answers 6070 at the limit of received and not deleted messages, and continues when one is deleted", async () => {
  const { server, pair } = given();
  using caller = new SignedCaller(server.url, pair);
  await caller.ok("CreateQueue", { queueName, visibilityTimeout: 43_200 });
  const bodies = Object.fromEntries(Array.from({ length: batch }, (_, index) => [`msgBody.${index}`, `${index}`]));
  let batches = Math.ceil(limits.parkedMax / batch) + 1;
  const send = async (): Promise<void> => {
    while (batches-- > 0) await caller.ok("BatchSendMessage", { queueName, ...bodies });
  };
  await Promise.all(Array.from({ length: atOnce }, send));

  const receiptHandles: string[] = [];
  const refusals: number[] = [];
  const receive = async (): Promise<void> => {
    while (refusals.length < atOnce) {
      const answer = await caller.call("BatchReceiveMessage", { queueName, numOfMsg: batch });
      const messages = (answer["msgInfoList"] ?? []) as readonly { readonly receiptHandle: string }[];
      receiptHandles.push(...messages.map(({ receiptHandle }) => receiptHandle));
      if (answer.code !== 0) refusals.push(answer.code);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, receive));
  expect(new Set(refusals)).toEqual(new Set([6070]));
  const counts = await caller.ok("GetQueueAttributes", { queueName });
  expect([receiptHandles.length, counts["inactiveMsgNum"]]).toEqual([limits.parkedMax, limits.parkedMax]);
  const refusal = await caller.call("ReceiveMessage", { queueName });
  expect(refusal).toMatchObject({ code: 6070, message: expect.stringMatching(/^\(10690\)/) });

  await caller.ok("DeleteMessage", { queueName, receiptHandle: receiptHandles[0] ?? "" });
  expect(await caller.ok("ReceiveMessage", { queueName })).toMatchObject({ dequeueCount: 1 });
});
