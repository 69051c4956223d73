/** Receives pushes in both of CMQ's formats, from CMQ or from Ringback, and handles each message once. */
import { createServer } from "node:http";
import { createCmqReceiver, messageText, toNodeHandler } from "@ringback/sdk/receive";

const port = Number(process.argv[2] ?? 9000);

const receiver = createCmqReceiver({
  deduplicate: true,
  onMessage(message) {
    console.log(
      `${message.topic ?? "?"} ${message.messageId ?? "?"} [${message.tags.join(", ")}] ${messageText(message)}`,
    );
  },
});

createServer(toNodeHandler(receiver)).listen(port, "127.0.0.1", () => {
  console.log(`receiving on http://127.0.0.1:${port}/cgi`);
});
