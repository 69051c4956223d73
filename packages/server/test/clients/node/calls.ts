import { isDeepStrictEqual } from "node:util";

/** Runs one call of a client and prints one line: "ok NAME" or "FAIL NAME: REASON". Returns the answer. */
export async function call<T>(name: string, run: () => Promise<T>, wanted: object = {}): Promise<T> {
  try {
    const answer = await run();
    for (const [member, value] of Object.entries(wanted)) {
      const got = (answer as Record<string, unknown>)[member];
      if (!isDeepStrictEqual(got, value)) throw new Error(`${member} is ${JSON.stringify(got)}`);
    }
    console.log(`ok ${name}`);
    return answer;
  } catch (error) {
    console.log(`FAIL ${name}: ${String(error).replaceAll("\n", " ")}`);
    return {} as T;
  }
}

/** Runs one call that must fail with this code. */
export async function refused(name: string, code: string, run: () => Promise<unknown>): Promise<void> {
  await call(
    `${name} is ${code}`,
    () =>
      run().then(
        (answer) => Promise.reject(new Error(`answered ${JSON.stringify(answer)}`)),
        (error: unknown) => ({ code: (error as { code?: unknown }).code }),
      ),
    { code },
  );
}

/** A message that a form, a signature or a shell could change. */
export const awkward = '中文 a=1&b=2+3%20 "q" @ _x_ \t\r\n 😀';

/** Calls every action of API 2.0. `send` signs and sends a request, and returns any answer. */
export async function callApi2(
  name: string,
  send: (action: string, parameters: object) => Promise<Record<string, unknown>>,
): Promise<void> {
  const queueName = `${name}-q`;
  const topicName = `${name}-t`;
  const does = (action: string, parameters: object, wanted: object = {}) =>
    call(`${action} ${JSON.stringify(wanted)}`, () => send(action, parameters), { code: 0, ...wanted });
  const isRefused = (action: string, parameters: object, code: number, module: number) =>
    call(
      `${action} is ${code}`,
      async () => {
        const answer = await send(action, parameters);
        return { ...answer, module: /^\((\d+)\)/.exec(String(answer["message"]))?.[1] };
      },
      { code, module: String(module) },
    );

  await does("CreateQueue", { queueName, rewindSeconds: 3600 });
  await isRefused("CreateQueue", { queueName, rewindSeconds: 7200 }, 4460, 10550);
  await does("SetQueueAttributes", { queueName, visibilityTimeout: 60 });
  await does("GetQueueAttributes", { queueName }, { visibilityTimeout: 60, rewindSeconds: 3600, activeMsgNum: 0 });
  await does("ListQueue", { searchWord: queueName, offset: 0, limit: 10 }, { totalCount: 1 });
  await isRefused("ReceiveMessage", { queueName, pollingWaitSeconds: 0 }, 7000, 10200);
  const startConsumeTime = Math.floor(Date.now() / 1000) - 1;
  const { msgId } = await does("SendMessage", { queueName, msgBody: awkward });
  const { receiptHandle } = await does(
    "ReceiveMessage",
    { queueName, pollingWaitSeconds: 5 },
    { msgId, msgBody: awkward },
  );
  await does("DeleteMessage", { queueName, receiptHandle });
  await isRefused("DeleteMessage", { queueName, receiptHandle, again: 1 }, 4430, 10260);
  await does("BatchSendMessage", { queueName, msgBody: ["a", "b"] });
  const { msgInfoList } = await does("BatchReceiveMessage", { queueName, numOfMsg: 16, pollingWaitSeconds: 4 });
  const handles = (msgInfoList as { receiptHandle: string }[]).map((each) => each.receiptHandle);
  await does("BatchDeleteMessage", { queueName, receiptHandle: handles });
  await does("RewindQueue", { queueName, startConsumeTime });
  await does("ReceiveMessage", { queueName, pollingWaitSeconds: 3 }, { msgBody: awkward });

  await does("CreateTopic", { topicName, filterType: 1 });
  await does("SetTopicAttributes", { topicName, maxMsgSize: 2048 });
  await does("GetTopicAttributes", { topicName }, { maxMsgSize: 2048, filterType: 1 });
  await does("ListTopic", { searchWord: topicName, offset: 0, limit: 10 }, { totalCount: 1 });
  await isRefused("PublishMessage", { topicName, msgBody: "early" }, 6030, 10650);
  const subscription = { topicName, subscriptionName: "sub" };
  const target = { protocol: "queue", endpoint: queueName, notifyContentFormat: "SIMPLIFIED" };
  await does("Subscribe", { ...subscription, ...target, filterTag: ["a", "b"] });
  await does("GetSubscriptionAttributes", subscription, {
    protocol: "queue",
    endpoint: queueName,
    filterTag: ["a", "b"],
  });
  await does("SetSubscriptionAttributes", { ...subscription, filterTag: ["c"], notifyContentFormat: "SIMPLIFIED" });
  await does("ListSubscriptionByTopic", { topicName, offset: 0, limit: 10 }, { totalCount: 1 });
  await does("PublishMessage", { topicName, msgBody: awkward, msgTag: ["c"] });
  await isRefused("PublishMessage", { topicName, msgBody: "x", msgTag: ["z"] }, 6030, 10730);
  await does("ClearSubscriptionFilterTags", subscription);
  await does("BatchPublishMessage", { topicName, msgBody: ["1", "2"] });
  await isRefused("DeleteTopic", { topicName, again: 1 }, 4000, 10540);
  await does("Unsubscribe", subscription);
  await does("DeleteTopic", { topicName });
  await does("DeleteQueue", { queueName });
}
