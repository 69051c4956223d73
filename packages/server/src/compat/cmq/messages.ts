import { limits } from "../../domain/limits.ts";
import type { MessageId } from "../../domain/model.ts";
import type { PulledMessage } from "../../engine/pull/pulls.ts";
import { whileConnected } from "../../http/socket-close.ts";
import { bodiesOf, bodyOf } from "./bodies.ts";
import type { ActionContext, Call, Members } from "./call.ts";
import { CmqError, type CmqErrorKey, cmqErrorTable, MissingParameterError } from "./errors.ts";
import { seconds } from "./seconds.ts";
import { pollingWaitMs } from "./queues.ts";
import { cmqLimits } from "./cmq-limits.ts";

/** The form of CMQ's receipt handles. CMQ has different errors for a malformed handle and for an expired handle. */
const receiptHandleForm = /^[a-zA-Z\d%#:_-]{1,256}$/;

export async function sendMessage(context: ActionContext, call: Call): Promise<Members> {
  const [msgId] = await send(context, call, [bodyOf(call.parameters)]);
  return { msgId };
}

export async function batchSendMessage(context: ActionContext, call: Call): Promise<Members> {
  const ids = await send(context, call, bodiesOf(call.parameters));
  return { msgList: ids.map((msgId) => ({ msgId })) };
}

function send(
  { queues }: ActionContext,
  { parameters, hops, trace }: Call,
  bodies: readonly Uint8Array[],
): Promise<readonly MessageId[]> {
  const name = parameters.resourceName("queueName");
  const delayS = parameters.integer("delaySeconds", 0, seconds(limits.delayMsMax), "delayRange") ?? 0;
  return queues.send(
    name,
    bodies.map((body) => ({ body, delayMs: delayS * 1000, hops, trace })),
  );
}

export async function receiveMessage(context: ActionContext, call: Call): Promise<Members> {
  const [message] = await receive(context, call, 1);
  if (message === undefined) throw new CmqError("noMessage");
  return shownMessage(message);
}

export async function batchReceiveMessage(context: ActionContext, call: Call): Promise<Members> {
  const count = call.parameters.integer("numOfMsg", 1, cmqLimits.batchMessagesMax, "batchSize");
  if (count === null) throw new MissingParameterError("numOfMsg");
  const messages = await receive(context, call, count);
  if (messages.length === 0) throw new CmqError("noMessage");
  return { msgInfoList: messages.map(shownMessage) };
}

function receive({ queues, access, caller }: ActionContext, { parameters, socket }: Call, messagesMax: number) {
  const name = parameters.resourceName("queueName");
  const waitMs = pollingWaitMs(parameters);
  return whileConnected(
    socket,
    (gone) => queues.receive(name, { messagesMax, waitMs, visibilityMs: null, gone }),
    waitMs === 0 ? undefined : (ended) => access.keyWatch.whenInvalid(caller, ended),
  );
}

function shownMessage({ id, message, receiptHandle, receives, firstReceivedAtMs, visibleAtMs }: PulledMessage) {
  const { body } = message;
  return {
    msgBody: Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString("utf8"),
    msgId: id,
    receiptHandle,
    enqueueTime: seconds(message.publishedAtMs),
    firstDequeueTime: seconds(firstReceivedAtMs),
    nextVisibleTime: seconds(visibleAtMs),
    dequeueCount: receives,
  };
}

export async function deleteMessage({ queues }: ActionContext, { parameters }: Call): Promise<Members> {
  const name = parameters.resourceName("queueName");
  const receiptHandle = parameters.required("receiptHandle");
  if (!receiptHandleForm.test(receiptHandle)) throw new CmqError("receiptHandleForm");
  const [result] = await queues.acknowledge(name, [receiptHandle]);
  if (result !== "done") throw new CmqError("invalidReceiptHandle");
  return {};
}

export async function batchDeleteMessage({ queues }: ActionContext, { parameters }: Call): Promise<Members> {
  const name = parameters.resourceName("queueName");
  const receiptHandles = parameters.list("receiptHandle", cmqLimits.batchMessagesMax, "batchSize");
  if (receiptHandles === null) throw new MissingParameterError("receiptHandle.0");
  const wellFormed = receiptHandles.filter((receiptHandle) => receiptHandleForm.test(receiptHandle));
  // `acknowledge` is called even with an empty list, so that a missing queue is reported.
  const results = await queues.acknowledge(name, wellFormed);
  let next = 0;
  const errorList = receiptHandles.flatMap((receiptHandle) => {
    const isWellFormed = receiptHandleForm.test(receiptHandle);
    if (isWellFormed && results[next++] === "done") return [];
    return [{ ...shownFault(isWellFormed ? "invalidReceiptHandle" : "receiptHandleForm"), receiptHandle }];
  });
  if (errorList.length > 0) throw new CmqError("partialDelete", undefined, { errorList });
  return { errorList };
}

function shownFault(key: CmqErrorKey) {
  const { code, module, message } = cmqErrorTable[key];
  return { code, message: `(${module})${message}` };
}
