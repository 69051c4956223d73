/**
 * A callback server for koipy with the SDK. The server rejects blacklisted users, sends a picture, and adds a column to
 * the result.
 */
import { createServer } from "node:http";
import { createKoipyReceiver, image, merge, reject, toNodeHandler } from "@ringback/sdk/receive";

const port = Number(process.argv[2] ?? 8080);

/** A PNG of one white pixel. */
const picture = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGP4DwABAQEAG7buVgAAAABJRU5ErkJggg==",
  "base64",
);

const receiver = createKoipyReceiver({
  onMessage({ message }) {
    const user = message?.["from_user"] as { username?: string } | undefined;
    if (user?.username?.startsWith("koipybot")) return reject("你已被拉黑!");
    return undefined;
  },
  onPreSend: () => image(picture, "image/png"),
  onResult({ result }) {
    const names = result?.["节点名称"];
    const rows = Array.isArray(names) ? names.length : 0;
    return merge({ result: { NewKey: Array.from({ length: rows }, () => "回调新增数据1") } });
  },
});

createServer(toNodeHandler(receiver)).listen(port, "127.0.0.1", () => {
  console.log(`receiving on http://127.0.0.1:${port}/onMessage, /onPreSend and /onResult`);
});
