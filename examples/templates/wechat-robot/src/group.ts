import { once } from "node:events";
import { createServer } from "node:http";

/** Stands for the robot of a WeCom group: prints each message, and answers as WeCom does. */
export async function startGroup(port: number): Promise<void> {
  const server = createServer((request, response) => {
    let text = "";
    request.setEncoding("utf8").on("data", (piece: string) => (text += piece));
    request.on("end", () => {
      const { markdown } = JSON.parse(text) as { readonly markdown: { readonly content: string } };
      console.log(`group: ${markdown.content}`);
      response.writeHead(200, { "content-type": "application/json" }).end('{"errcode":0,"errmsg":"ok"}');
    });
  });
  await once(server.listen(port, "127.0.0.1"), "listening");
}
