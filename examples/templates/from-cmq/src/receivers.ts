import { once } from "node:events";
import { createServer } from "node:http";
import { createCmqReceiver, createWebhookReceiver, messageText, toNodeHandler } from "@ringback/sdk/receive";

/** The old receiver at `/cgi`, which knows CMQ's JSON, and the new one at `/webhooks`, which verifies a signature. */
export async function startReceivers(port: number, secret: Uint8Array): Promise<void> {
  const old = createCmqReceiver({
    deduplicate: true,
    onMessage: (message) => console.log(`old receiver: ${messageText(message)}`),
  });
  const signed = createWebhookReceiver({
    secrets: `whsec_${Buffer.from(secret).toString("base64")}`,
    deduplicate: true,
    onMessage: (message) => console.log(`new receiver: ${messageText(message)}`),
    onRefused: ({ code, reason }) => console.log(`new receiver refused: ${code} ${reason}`),
  });
  const handlers = { "/cgi": toNodeHandler(old), "/webhooks": toNodeHandler(signed) };
  const server = createServer((request, response) => {
    const handler = handlers[request.url as keyof typeof handlers];
    if (handler === undefined) response.writeHead(404).end();
    else void handler(request, response);
  });
  await once(server.listen(port, "127.0.0.1"), "listening");
}
