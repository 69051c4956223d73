import { Pool } from "undici";
import { nowMs } from "../clock.ts";
import { oneRequest } from "../load/one-request.ts";
import { answerCalls } from "../process/answer-calls.ts";
import { ownCpuUs } from "../process/own-cpu.ts";
import { publishOne, text } from "../scenarios/requests.ts";
import type { Target } from "../load/commands.ts";
import type { AnswerBytes, BareCycles, CmqCommands, CmqLoop, CycleReport } from "./commands.ts";
import { signedForm, signedTarget } from "./signed-form.ts";

interface Answer {
  readonly code: number;
  readonly msgId?: string;
  readonly receiptHandle?: string;
}

/** Sends one signed request and gives the answer and its length. */
type Ask = (action: string, own: Readonly<Record<string, string>>, path?: string) => Promise<[Answer, number]>;

/** Sends a request as it is, and gives the text of its answer. */
type Send = (target: Target) => Promise<string>;

/** Keeps `concurrency` of `work` going; what it throws is counted by its message. */
async function inLoops(loop: CmqLoop, work: (ask: Ask, send: Send) => Promise<void>) {
  const pool = new Pool(loop.origin, { connections: loop.concurrency, pipelining: 1 });
  const startedAtMs = nowMs();
  const cpuUsBefore = ownCpuUs();
  const refused: Record<string, number> = {};
  let requests = 0;
  const send: Send = (target) =>
    new Promise((resolve, reject) => {
      requests += 1;
      oneRequest(pool, target, target.body, (error, status, body) => {
        if (error !== null) reject(error);
        else if (status === target.okStatus) resolve(body);
        else reject(new Error(`status ${status}`));
      });
    });
  const ask: Ask = async (action, own, path = signedTarget.path) => {
    const form = signedForm(loop, { Action: action, ...own });
    const body = await send({ ...signedTarget, origin: loop.origin, path, body: form });
    const answer: Answer = JSON.parse(body);
    if (answer.code !== 0) throw new Error(`${action} ${answer.code}`);
    return [answer, body.length];
  };
  const worker = async (): Promise<void> => {
    while (requests < loop.requestsMax && nowMs() < startedAtMs + loop.durationMs) {
      try {
        await work(ask, send);
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        refused[why] = (refused[why] ?? 0) + 1;
      }
    }
  };
  await Promise.all(Array.from({ length: loop.concurrency }, worker));
  const report = { requests, refused, startedAtMs, endedAtMs: nowMs(), cpuUs: ownCpuUs() - cpuUsBefore };
  await pool.close();
  return report;
}

const commands: CmqCommands = {
  async publish(loop) {
    const msgBody = text(loop.bodyBytes);
    const ids: string[] = [];
    const report = await inLoops(loop, async (ask) => {
      const [{ msgId = "" }] = await ask("PublishMessage", { topicName: loop.name, msgBody });
      ids.push(msgId);
    });
    return { ...report, ids, acceptedMessages: ids.length };
  },

  async publishNatively(loop) {
    const target = publishOne(loop.origin, loop.name, loop.bodyBytes);
    const signedInVain = { topicName: loop.name, msgBody: text(loop.bodyBytes) };
    const ids: string[] = [];
    const report = await inLoops(loop, async (_ask, send) => {
      // As busy as the client beside it: the server's cost of a message depends on how many come at a time.
      signedForm(loop, { Action: "PublishMessage", ...signedInVain });
      const { id }: { id: string } = JSON.parse(await send(target));
      ids.push(id);
    });
    return { ...report, ids, acceptedMessages: ids.length };
  },

  cycles(loop) {
    const paths = [signedTarget.path, signedTarget.path, signedTarget.path] as const;
    return cycles(loop, paths, (receiptHandle) => receiptHandle);
  },

  bareCycles(loop: BareCycles) {
    const [send, receive, remove] = loop.answerBytes;
    // As long as the server's own.
    return cycles(loop, [`/${send}`, `/${receive}`, `/${remove}`], () => "r1-1000-1-mwrc9uhn-mwrc9uhn");
  },
};

async function cycles(
  loop: CmqLoop,
  paths: readonly [string, string, string],
  receiptOf: (receiptHandle: string) => string,
): Promise<CycleReport> {
  const queueName = loop.name;
  const msgBody = text(loop.bodyBytes);
  let done = 0;
  let answerBytes: AnswerBytes = [0, 0, 0];
  const report = await inLoops(loop, async (ask) => {
    const [, sent] = await ask("SendMessage", { queueName, msgBody }, paths[0]);
    const [{ receiptHandle = "" }, received] = await ask(
      "ReceiveMessage",
      { queueName, pollingWaitSeconds: "10" },
      paths[1],
    );
    const [, removed] = await ask("DeleteMessage", { queueName, receiptHandle: receiptOf(receiptHandle) }, paths[2]);
    done += 1;
    answerBytes = [sent, received, removed];
  });
  return { ...report, cycles: done, answerBytes };
}

answerCalls(commands);
