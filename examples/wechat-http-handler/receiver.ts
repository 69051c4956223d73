/**
 * Does the same as the receiver in the documentation. POSTed messages are stored for later GET requests, but only if
 * there was a GET request in the last five minutes.
 */
import { createServer } from "node:http";
import { createWechatReceiver, toNodeHandler } from "@ringback/sdk/receive";

const port = Number(process.argv[2] ?? 18000);
const pulledWithinMs = 300_000;

let buffer: Uint8Array[] = [];
let lastPullMs = Date.now();

const push = toNodeHandler(
  createWechatReceiver({
    onPush({ data }, message) {
      if (Date.now() - lastPullMs < pulledWithinMs) buffer.push(message.body);
      else buffer = [];
      // The id has 64 bits. `JSON.parse` would round it.
      console.log(`${data.msgSvrID ?? "-"} ${data.from ?? "?"}: ${data.content ?? ""}`);
    },
  }),
);

createServer((request, response) => {
  if (request.method === "POST") return push(request, response);
  lastPullMs = Date.now();
  const message = buffer.shift();
  response.writeHead(200, message === undefined ? {} : { "content-type": "application/json" }).end(message);
}).listen(port, "127.0.0.1", () => console.log(`receiving on http://127.0.0.1:${port}/weixinCallback`));
