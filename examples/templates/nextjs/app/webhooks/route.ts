import { createWebhookReceiver, messageText, toFetchHandler } from "@ringback/sdk/receive";
import { addArrival } from "../../lib/arrivals";

const receiver = createWebhookReceiver({
  secrets: process.env["WEBHOOK_SECRET"] ?? "",
  // Each message is handled once, although it may be sent several times.
  deduplicate: true,
  onMessage: (message) =>
    addArrival({
      messageId: message.messageId ?? "",
      text: messageText(message) ?? "",
      receivedAt: new Date().toISOString(),
    }),
  onRefused: ({ code, reason }) => console.warn("refused:", code, reason),
});

export const POST = toFetchHandler(receiver);
