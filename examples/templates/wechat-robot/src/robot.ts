import { once } from "node:events";
import { createServer } from "node:http";
import type { RingbackClient } from "@ringback/sdk/client";
import { createWechatReceiver, toNodeHandler } from "@ringback/sdk/receive";

interface Said {
  readonly to: string;
  readonly text: string;
}

/** The answer to each command. */
const commands: Readonly<Record<string, (from: string) => string>> = {
  "/time": () => `It is ${new Date().toISOString()}.`,
  "/help": () => `I know ${Object.keys(commands).join(", ")}.`,
  "/whoami": (from) => `You are ${from}.`,
};

const alarming = /\b(?:down|urgent)\b|故障|紧急/i;

/**
 * Answers commands that are pushed to `/weixinCallback`, and reports what sounds alarming. `GET /said` shows its
 * answers; a real robot would send them with its WeChat client.
 */
export async function startRobot(port: number, ringback: RingbackClient): Promise<void> {
  const said: Said[] = [];
  const push = toNodeHandler(
    createWechatReceiver({
      async onPush({ data }) {
        const [from, content] = [String(data.from ?? "?"), String(data.content ?? "")];
        const answer = commands[content.trim()];
        if (answer !== undefined) said.push({ to: from, text: answer(from) });
        // If this fails, the push is refused, and Ringback sends it again.
        if (alarming.test(content)) await ringback.publish("alerts", { body: `${from}: ${content}` });
      },
    }),
  );
  const server = createServer((request, response) => {
    if (request.url === "/weixinCallback") return void push(request, response);
    if (request.url !== "/said") return response.writeHead(404).end();
    return response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(said));
  });
  await once(server.listen(port, "127.0.0.1"), "listening");
}
