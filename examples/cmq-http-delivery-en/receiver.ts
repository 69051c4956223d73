/** Receives CMQ's SIMPLIFIED format with Express: the body is the message, and headers contain the metadata. */
import express from "express";
import { createCmqReceiver, messageText, toExpressHandler } from "@ringback/sdk/receive";

const port = Number(process.argv[2] ?? 9000);

const receiver = createCmqReceiver({
  format: "simplified",
  onMessage(message) {
    console.log(`${message.messageId ?? "?"} [${message.tags.join(", ")}] ${messageText(message)}`);
  },
});

const app = express();
app.post("/cgi", toExpressHandler(receiver));
app.listen(port, "127.0.0.1", () => console.log(`receiving on http://127.0.0.1:${port}/cgi`));
