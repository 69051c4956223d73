/**
 * A program that receives from a queue by CMQ's API until it is killed. A separate process, so that it can be killed.
 */
import { writeSync } from "node:fs";
import { flushCompileCache } from "node:module";
import { setTimeout as pause } from "node:timers/promises";
import { SignedCaller } from "../cmq/signed-caller.ts";
import type { CmqAnswer } from "../cmq/signed-caller.ts";
import { chanceFrom } from "../random.ts";
import type { ReceiverOptions, Report } from "./reports.ts";

// Node writes the cache at the end of a process, which a kill prevents.
flushCompileCache();

const { url, queueName, seed, workMsMax, dropped, ...pair } = JSON.parse(process.argv[2] ?? "{}") as ReceiverOptions;
const chance = chanceFrom(seed);
const caller = new SignedCaller(url, pair);
const nothing = 7000;

function report(event: Report): void {
  writeSync(1, `${JSON.stringify(event)}\n`);
}

async function work(message: CmqAnswer): Promise<void> {
  const id = message.msgId ?? "";
  if (chance.next() < dropped) return;
  await pause(chance.whole(0, workMsMax));
  report({ event: "deleting", id });
  const receiptHandle = message.receiptHandle ?? "";
  const { code } = await caller.call("DeleteMessage", { queueName, receiptHandle });
  report({ event: "deleted", id, code, atMs: Date.now() });
}

for (;;) {
  const requestedAtMs = Date.now();
  const isBatch = chance.next() < 0.5;
  const wait = { queueName, pollingWaitSeconds: 1 };
  const answer = isBatch
    ? await caller.call("BatchReceiveMessage", { ...wait, numOfMsg: chance.whole(1, 16) })
    : await caller.call("ReceiveMessage", wait);
  const answeredAtMs = Date.now();
  if (answer.code === nothing) continue;
  if (answer.code !== 0) {
    report({ event: "unexpected", answer: JSON.stringify(answer) });
    break;
  }
  const messages = isBatch ? (answer["msgInfoList"] as readonly CmqAnswer[]) : [answer];
  for (const { msgId = "", msgBody = "", nextVisibleTime = 0, dequeueCount = 0 } of messages) {
    const message = { id: msgId, body: msgBody, nextVisibleTime, dequeueCount };
    report({ event: "received", ...message, requestedAtMs, answeredAtMs });
  }
  await Promise.all(messages.map(work));
}
