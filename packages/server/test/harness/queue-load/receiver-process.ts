/** A program that works through a queue by the CMQ door until it is killed; a process of its own, so that it can be. */
import { writeSync } from "node:fs";
import { flushCompileCache } from "node:module";
import { setTimeout as pause } from "node:timers/promises";
import { SignedCaller } from "../cmq/signed-caller.ts";
import type { CmqAnswer } from "../cmq/signed-caller.ts";
import { chanceFrom } from "../random.ts";
import type { ReceiverOptions, Report } from "./reports.ts";

// At the end of a process, which is when Node does it, it would be too late: this one is killed.
flushCompileCache();

const { url, queueName, seed, workMsMax, dropped, ...pair } = JSON.parse(process.argv[2] ?? "{}") as ReceiverOptions;
const chance = chanceFrom(seed);
const caller = new SignedCaller(url, pair);
const nothing = 7000;

function tell(report: Report): void {
  writeSync(1, `${JSON.stringify(report)}\n`);
}

async function work(message: CmqAnswer): Promise<void> {
  const id = message.msgId ?? "";
  if (chance.next() < dropped) return;
  await pause(chance.whole(0, workMsMax));
  tell({ event: "deleting", id });
  const receiptHandle = message.receiptHandle ?? "";
  const { code } = await caller.call("DeleteMessage", { queueName, receiptHandle });
  tell({ event: "deleted", id, code, atMs: Date.now() });
}

for (;;) {
  const askedAtMs = Date.now();
  const isBatch = chance.next() < 0.5;
  const wait = { queueName, pollingWaitSeconds: 1 };
  const answer = isBatch
    ? await caller.call("BatchReceiveMessage", { ...wait, numOfMsg: chance.whole(1, 16) })
    : await caller.call("ReceiveMessage", wait);
  const gotAtMs = Date.now();
  if (answer.code === nothing) continue;
  if (answer.code !== 0) {
    tell({ event: "unexpected", answer: JSON.stringify(answer) });
    break;
  }
  const messages = isBatch ? (answer["msgInfoList"] as readonly CmqAnswer[]) : [answer];
  for (const { msgId = "", msgBody = "", nextVisibleTime = 0, dequeueCount = 0 } of messages) {
    const message = { id: msgId, body: msgBody, nextVisibleTime, dequeueCount };
    tell({ event: "received", ...message, askedAtMs, gotAtMs });
  }
  await Promise.all(messages.map(work));
}
