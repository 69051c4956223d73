import type { Cmq } from "./cmq.ts";

const topicName = "orders";
/** CMQ's codes for a topic and a subscription that exist. */
const exists = /: (?:4490|4460|10470|6040|10430) |exist/i;

/** The program that was written for CMQ: makes a topic, subscribes a URL, publishes. Nothing in it knows Ringback. */
export async function runOldProgram(cmq: Cmq, endpoint: string): Promise<void> {
  await unlessThere(cmq("CreateTopic", { topicName }));
  const subscription = { topicName, subscriptionName: "mail", protocol: "http", endpoint };
  await unlessThere(cmq("Subscribe", { ...subscription, notifyContentFormat: "JSON" }));
  const { msgId } = await cmq("PublishMessage", { topicName, msgBody: "order 17 was placed" });
  console.log(`published as ${msgId}`);
}

async function unlessThere(call: Promise<unknown>): Promise<void> {
  await call.catch((error: Error) => {
    if (!exists.test(error.message)) throw error;
  });
}
