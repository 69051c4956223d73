import { Pool } from "undici";
import { publishOne, text } from "../load/requests.ts";
import { cmqTarget, signedForm } from "../load/signed-form.ts";
import type { KeyPair } from "../load/signed-form.ts";
import { inClosedLoop } from "../load/tally.ts";
import type { LoadReport, LoopLimits } from "../load/tally.ts";
import { sendRequest } from "../load/target.ts";
import type { Target } from "../load/target.ts";

export interface CmqLoop extends LoopLimits {
  readonly origin: string;
  readonly keyPair: KeyPair;
  /** The topic to publish to, or the queue to send to and receive from. */
  readonly name: string;
  readonly bodyBytes: number;
}

/** Number of bytes of the replies to a send, a receive and a delete. */
export type ReplyBytes = readonly [send: number, receive: number, remove: number];

/** `acceptedMessages` counts the messages that were sent, received and deleted. */
export interface CycleReport extends LoadReport {
  readonly replyBytes: ReplyBytes;
}

interface CmqReply {
  readonly code: number;
  readonly msgId?: string;
  readonly receiptHandle?: string;
}

/** Sends a request and returns the text of its reply. */
type Send = (target: Target) => Promise<string>;
/** Sends a signed request of CMQ's API and returns the reply and its length. */
type CallCmq = (
  action: string,
  parameters: Readonly<Record<string, string>>,
  path?: string,
) => Promise<[CmqReply, number]>;

/** A client that signs its requests as CMQ's SDKs do. */
export function start() {
  return { publish, publishNatively, cycle, bareCycle };
}

function publish(loop: CmqLoop): Promise<LoadReport> {
  const msgBody = text(loop.bodyBytes);
  return run(loop, async (callCmq) => {
    const [{ msgId = "" }] = await callCmq("PublishMessage", { topicName: loop.name, msgBody });
    return [msgId];
  });
}

/**
 * Publishes with the native API. The client also signs a request of CMQ's API without sending it, so that it is as slow
 * as `publish`. A faster client would make the server's batches larger and each message cheaper.
 */
function publishNatively(loop: CmqLoop): Promise<LoadReport> {
  const target = publishOne(loop.origin, loop.name, loop.bodyBytes);
  const parameters = { topicName: loop.name, msgBody: text(loop.bodyBytes) };
  return run(loop, async (_callCmq, send) => {
    signedForm(loop.origin, loop.keyPair, "PublishMessage", parameters);
    const { id }: { id: string } = JSON.parse(await send(target));
    return [id];
  });
}

/** Sends a message, receives a message and deletes it. */
function cycle(loop: CmqLoop): Promise<CycleReport> {
  const { path } = cmqTarget;
  return runCycles(loop, [path, path, path], (receiptHandle) => receiptHandle);
}

/** Sends the three requests of `cycle` to the bare server, which answers with the given numbers of bytes. */
function bareCycle(loop: CmqLoop, [send, receive, remove]: ReplyBytes): Promise<CycleReport> {
  // The receipt handle is as long as the server's.
  return runCycles(loop, [`/${send}`, `/${receive}`, `/${remove}`], () => "r1-1000-1-mwrc9uhn-mwrc9uhn");
}

async function runCycles(
  loop: CmqLoop,
  [sendPath, receivePath, deletePath]: readonly [string, string, string],
  handleToDelete: (received: string) => string,
): Promise<CycleReport> {
  const queueName = loop.name;
  const msgBody = text(loop.bodyBytes);
  let replyBytes: ReplyBytes = [0, 0, 0];
  const report = await run(loop, async (callCmq) => {
    const [, sent] = await callCmq("SendMessage", { queueName, msgBody }, sendPath);
    const poll = { queueName, pollingWaitSeconds: "10" };
    const [{ receiptHandle = "" }, received] = await callCmq("ReceiveMessage", poll, receivePath);
    const deleted = { queueName, receiptHandle: handleToDelete(receiptHandle) };
    const [, removed] = await callCmq("DeleteMessage", deleted, deletePath);
    replyBytes = [sent, received, removed];
    return [];
  });
  return { ...report, replyBytes };
}

/** Repeats `work` in a closed loop and counts its errors. `work` returns the ids of the messages that it published. */
async function run(
  loop: CmqLoop,
  work: (callCmq: CallCmq, send: Send) => Promise<readonly string[]>,
): Promise<LoadReport> {
  const { origin, keyPair, concurrency } = loop;
  const pool = new Pool(origin, { connections: concurrency, pipelining: 1 });
  const send: Send = (target) =>
    new Promise((resolve, reject) =>
      sendRequest(pool, target, target.body, (error, status, text) => {
        if (error !== null) reject(error);
        else if (status === target.okStatus) resolve(text);
        else reject(new Error(`status ${status}`));
      }),
    );
  const callCmq: CallCmq = async (action, parameters, path = cmqTarget.path) => {
    const body = signedForm(origin, keyPair, action, parameters);
    const text = await send({ ...cmqTarget, origin, path, body });
    const reply: CmqReply = JSON.parse(text);
    if (reply.code !== 0) throw new Error(`${action} ${reply.code}`);
    return [reply, text.length];
  };
  const report = await inClosedLoop(loop, async (tally, more) => {
    while (more()) {
      try {
        tally.accept(1, await work(callCmq, send));
      } catch (error) {
        tally.refuse(error instanceof Error ? error.message : String(error));
      }
    }
  });
  await pool.close();
  return report;
}
