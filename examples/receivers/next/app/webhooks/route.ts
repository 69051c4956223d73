/** A route handler of Next. */
import { createWebhookReceiver, messageText, toFetchHandler } from "@ringback/sdk/receive";

const receiver = createWebhookReceiver({
  secrets: process.env["WEBHOOK_SECRET"] ?? "",
  onMessage: (message) => console.log("received", message.messageId, messageText(message)),
});

export const POST = toFetchHandler(receiver);
