import { limits } from "../../domain/limits.ts";
import type { DeadLetterPolicy, QueueDetails, QueueSettings } from "../../engine/queues/queues.ts";
import { attributesOf, type Attributes } from "./attributes.ts";
import type { ActionContext, Call, Members } from "./call.ts";
import { CmqError, MissingParameterError } from "./errors.ts";
import { cmqId } from "./ids.ts";
import { listItems, listRequestOf } from "./listing.ts";
import { queueOf } from "./lookup.ts";
import { assertResourceName, type Parameters } from "./parameters.ts";
import { seconds } from "./seconds.ts";
import { cmqLimits } from "./cmq-limits.ts";

const queueDefaults: QueueSettings = {
  messagesMax: cmqLimits.queueMessagesDefault,
  waitMs: 0,
  visibilityMs: limits.visibilityMsDefault,
  bodyBytesMax: cmqLimits.messageBytesDefault,
  retentionMs: cmqLimits.queueRetentionMsDefault,
  rewindMs: 0,
  deadLetters: null,
};

export function createQueue(context: ActionContext, call: Call): Promise<Members> {
  return create(context, call, queueDefaults);
}

/** Runs `CreateCmqQueue` of the newer API, whose default message size is larger. */
export function createLargeQueue(context: ActionContext, call: Call): Promise<Members> {
  return create(context, call, { ...queueDefaults, bodyBytesMax: limits.bodyBytesMax });
}

async function create({ queues }: ActionContext, { parameters }: Call, defaults: QueueSettings): Promise<Members> {
  const name = parameters.resourceName("queueName");
  const settings = { ...defaults, ...settingsOf(parameters) };
  assertTimesFit(settings);
  const { id } = await queues.create(name, settings);
  return { queueId: cmqId("queue", id) };
}

/** Attributes that are not given keep their values. */
export async function setQueueAttributes(context: ActionContext, { parameters }: Call): Promise<Members> {
  const change = settingsOf(parameters);
  const queue = await queueOf(context, parameters);
  assertTimesFit({ ...queue, ...change });
  await context.queues.change(queue.name, change);
  return {};
}

export async function getQueueAttributes(context: ActionContext, { parameters }: Call): Promise<Members> {
  return queueAttributes(context, await queueOf(context, parameters));
}

export async function queueAttributes({ queues }: ActionContext, queue: QueueDetails) {
  const counts = await queues.counts(queue.name);
  return {
    maxMsgHeapNum: queue.messagesMax,
    pollingWaitSeconds: seconds(queue.waitMs),
    visibilityTimeout: seconds(queue.visibilityMs),
    maxMsgSize: queue.bodyBytesMax,
    msgRetentionSeconds: seconds(queue.retentionMs),
    createTime: seconds(queue.createdAtMs),
    lastModifyTime: seconds(queue.updatedAtMs),
    activeMsgNum: counts.visible,
    inactiveMsgNum: counts.invisible,
    delayMsgNum: counts.delayed,
    rewindSeconds: seconds(queue.rewindMs),
    // CMQ's documentation and its Python SDK spell this member `rewindmsgNum`, its Java SDK `rewindMsgNum`.
    rewindmsgNum: counts.rewindable,
    rewindMsgNum: counts.rewindable,
    minMsgTime: counts.oldestAtMs === null ? 0 : seconds(counts.oldestAtMs),
    ...(queue.deadLetters !== null && { deadLetterPolicy: shownDeadLetters(queue.deadLetters) }),
  };
}

export async function listQueue({ queues }: ActionContext, { parameters }: Call): Promise<Members> {
  const { totalCount, items } = await listItems(listRequestOf(parameters), (page) => queues.list(page));
  return { totalCount, queueList: items.map(({ id, name }) => ({ queueId: cmqId("queue", id), queueName: name })) };
}

export async function deleteQueue({ queues }: ActionContext, { parameters }: Call): Promise<Members> {
  if (!(await queues.delete(parameters.resourceName("queueName")))) throw new CmqError("queueNotFound");
  return {};
}

export async function rewindQueue(context: ActionContext, { parameters }: Call): Promise<Members> {
  const startS = parameters.integer("startConsumeTime", 0, seconds(limits.timeMsMax));
  if (startS === null) throw new MissingParameterError("startConsumeTime");
  const { name } = await queueOf(context, parameters);
  await context.queues.rewind(name, startS * 1000);
  return {};
}

const attributes: Attributes<QueueSettings> = [
  ["maxMsgHeapNum", "messagesMax", 1, cmqLimits.queueMessagesMax, 1],
  ["visibilityTimeout", "visibilityMs", 1, seconds(limits.visibilityMsMax), 1000],
  ["maxMsgSize", "bodyBytesMax", limits.topicBodyBytesMin, limits.bodyBytesMax, 1],
  ["msgRetentionSeconds", "retentionMs", seconds(limits.retentionMsMin), seconds(cmqLimits.queueRetentionMsMax), 1000],
  ["rewindSeconds", "rewindMs", 0, seconds(cmqLimits.queueRetentionMsMax), 1000],
];

/** Returns the settings that the request contains. */
function settingsOf(parameters: Parameters): Partial<QueueSettings> {
  const given = attributesOf(parameters, attributes);
  const waitMs = pollingWaitMs(parameters);
  const deadLetters = deadLettersOf(parameters);
  if (parameters.integer("transaction", 0, 1) === 1) {
    throw new CmqError("invalidParameters", "queues with transactions are not supported");
  }
  return {
    ...given,
    ...(waitMs !== null && { waitMs }),
    ...(deadLetters !== null && { deadLetters }),
  };
}

/** A wait outside of the range is clamped, because some clients send milliseconds by mistake, or -1 for no wait. */
export function pollingWaitMs(parameters: Parameters): number | null {
  const waitS = parameters.anyInteger("pollingWaitSeconds");
  return waitS === null ? null : Math.min(Math.max(waitS * 1000, 0), cmqLimits.pollingWaitMsMax);
}

function deadLettersOf(parameters: Parameters): DeadLetterPolicy | null {
  const queue = parameters.text("deadLetterQueueName") ?? parameters.text("deadLetterQueue");
  const receivesMax = parameters.integer("maxReceiveCount", 1, limits.receivesMax);
  const ttlS = parameters.integer("maxTimeToLive", cmqLimits.timeToLiveSMin, cmqLimits.timeToLiveSMax);
  const policy = parameters.integer("policy", 0, 1) ?? (receivesMax === null && ttlS !== null ? 1 : 0);
  if (queue === null) return null;
  assertResourceName("queueName", queue);
  if (policy === 1) {
    if (ttlS === null) throw new MissingParameterError("maxTimeToLive");
    return { queue, after: "time", ttlMs: ttlS * 1000 };
  }
  if (receivesMax === null) throw new MissingParameterError("maxReceiveCount");
  return { queue, after: "receives", receivesMax };
}

function assertTimesFit(settings: QueueSettings): void {
  if (settings.rewindMs > settings.retentionMs) {
    throw new CmqError("outOfRange", "parameter rewindSeconds must be at most msgRetentionSeconds");
  }
  if (settings.deadLetters?.after === "time" && settings.deadLetters.ttlMs >= settings.retentionMs) {
    throw new CmqError("outOfRange", "parameter maxTimeToLive must be less than msgRetentionSeconds");
  }
}

function shownDeadLetters(policy: DeadLetterPolicy) {
  return policy.after === "receives"
    ? { deadLetterQueueName: policy.queue, policy: 0, maxReceiveCount: policy.receivesMax }
    : { deadLetterQueueName: policy.queue, policy: 1, maxTimeToLive: seconds(policy.ttlMs) };
}
