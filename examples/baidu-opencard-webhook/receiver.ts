/**
 * An Opencard webhook with the SDK. The webhook decrypts each request, answers the card, and encrypts the answer with
 * the key and the header of the request.
 */
import { createServer } from "node:http";
import { createOpencardReceiver } from "@ringback/sdk/opencard";
import { toNodeHandler } from "@ringback/sdk/receive";

const port = Number(process.argv[2] ?? 8000);

const receiver = createOpencardReceiver({
  // The test key in Baidu's documentation. During a key rotation, list the old and the new key.
  keys: { "0": "MDEyMzQ1Njc4OWFiY2RlZg" },
  cards: {
    "123": ({ rid, surface }) => {
      console.log(`rid ${rid} asks for card 123 on ${String(surface)}`);
      return { item_list: [{ title: "故宫博物院" }], jump_url: "/path/to/page3" };
    },
  },
});

createServer(toNodeHandler(receiver)).listen(port, "127.0.0.1", () => {
  console.log(`receiving on http://127.0.0.1:${port}`);
});
