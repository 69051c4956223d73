import type { KeyPair } from "../cmq/account.ts";
import { SignedCaller } from "../cmq/signed-caller.ts";
import { chanceFrom } from "../random.ts";
import { until } from "../until.ts";
import { Receivers } from "./receivers.ts";
import { judge } from "./verdict.ts";
import type { Verdict } from "./verdict.ts";

export interface QueueLoadOptions {
  readonly urls: readonly [string, ...(readonly string[])];
  readonly pair: KeyPair;
  readonly seed: number;
  readonly loadMs: number;
  /** Least number of receivers that are killed before the senders stop. */
  readonly killsMin: number;
}

export interface QueueLoadReport extends Verdict {
  readonly sent: number;
  readonly kills: number;
}

const queueName = "loaded";
const visibilityS = 2;
const senders = 2;
const receivers = 4;
const killEveryMsMax = 600;
/**
 * The most messages that no receiver has received yet. With more, the senders wait, so that a released message is
 * received soon.
 */
const waitingMax = 200;

/** Sends messages to a queue while its receivers are killed, and then waits until the queue is empty. */
export async function runQueueLoad(options: QueueLoadOptions): Promise<QueueLoadReport> {
  const { urls, pair, seed, loadMs, killsMin } = options;
  const chance = chanceFrom(seed);
  using caller = new SignedCaller(urls[0], pair);
  await caller.ok("CreateQueue", { queueName, visibilityTimeout: visibilityS });
  await using at = new Receivers({ urls, pair, queueName, count: receivers, chance, workMsMax: 60, dropped: 0.02 });
  const sent = new Map<string, string>();
  const taken = new Set<string>();
  let readCount = 0;
  const waiting = (): number => {
    for (; readCount < at.reports.length; readCount++) {
      const report = at.reports[readCount];
      if (report?.event === "received") taken.add(report.id);
    }
    return sent.size - taken.size;
  };
  const enough = new AbortController();
  const send = async (sender: number): Promise<void> => {
    for (let batch = 0; !enough.signal.aborted; batch++) {
      await until("there is room", waiting, (count) => enough.signal.aborted || count < waitingMax);
      const bodies = Array.from({ length: chance.whole(1, 16) }, (_, index) => `${sender} ${batch} ${index} 消息`);
      const named = Object.fromEntries(bodies.map((body, index) => [`msgBody.${index}`, body]));
      const delaySeconds = chance.next() < 0.1 ? 1 : 0;
      const answer = await caller.ok("BatchSendMessage", { queueName, ...named, delaySeconds });
      const list = answer["msgList"] as readonly { readonly msgId: string }[];
      for (const [index, { msgId }] of list.entries()) sent.set(bodies[index] ?? "", msgId);
    }
  };
  const killing = at.killFor(loadMs, killsMin, killEveryMsMax).finally(() => enough.abort());
  await Promise.all([killing, ...Array.from({ length: senders }, (_, index) => send(index))]);
  await until(
    "the queue is empty",
    async () => {
      const all = await caller.ok("GetQueueAttributes", { queueName });
      return [all["activeMsgNum"], all["inactiveMsgNum"], all["delayMsgNum"]];
    },
    (counts) => counts.every((count) => count === 0),
  );
  const deletions = () => at.reports.filter(({ event }) => event === "deleting" || event === "deleted");
  const open = () => {
    const ended = new Set(
      deletions().flatMap((report) => (report.event === "deleted" ? [`${report.id} ${report.life}`] : [])),
    );
    return deletions().filter(
      (report) =>
        report.event === "deleting" && !ended.has(`${report.id} ${report.life}`) && !at.killed.has(report.life),
    ).length;
  };
  await until("every receiver has heard of its deletions", open, (count) => count === 0);
  const { reports, killed } = at;
  return { ...judge({ sent, reports, killed, visibilityMs: visibilityS * 1000 }), sent: sent.size, kills: killed.size };
}
