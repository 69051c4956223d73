import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createCmqReceiver, messageText, toNodeHandler } from "@ringback/sdk/receive";

/** One delivery, with the names of CMQ's document. */
export interface Push {
  readonly topicOwner: string | null;
  readonly topicName: string | null;
  readonly subscriptionName: string | null;
  readonly msgId: string | null;
  readonly msgBody: string;
  readonly tags: readonly string[];
}

export interface PushReceiver extends AsyncDisposable {
  readonly url: string;
  readonly pushes: readonly Push[];
}

/**
 * Starts a program that receives pushes with the SDK. The program refuses and does not record requests in another
 * format.
 */
export async function startPushReceiver(format: "json" | "simplified"): Promise<PushReceiver> {
  const pushes: Push[] = [];
  const receiver = createCmqReceiver({
    format,
    onMessage: (message) => {
      const { topicOwner, topic, subscription, messageId, tags } = message;
      const names = { topicOwner, topicName: topic, subscriptionName: subscription };
      pushes.push({ ...names, msgId: messageId, msgBody: messageText(message), tags });
    },
  });
  const server = createServer(toNodeHandler(receiver)).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/push`,
    pushes,
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
