import { createWebhookReceiver, messageText } from "@ringback/sdk/receive";

/** The receiver of all examples beside this file. Each of them connects it to another framework or runtime. */
export const receiver = createWebhookReceiver({
  secrets: process.env["WEBHOOK_SECRET"] ?? "",
  deduplicate: true,
  onMessage: (message) => console.log("received", message.messageId, messageText(message)),
});

export const port = Number(process.env["PORT"] ?? 9001);
