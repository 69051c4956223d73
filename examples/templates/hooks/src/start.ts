import { createHookServer } from "./hook-server.ts";
import { startRingback } from "./ringback.ts";
import { createShop } from "./shop.ts";

const port = Number(process.env["PORT"] ?? 3000);
const hookPort = Number(process.env["HOOK_PORT"] ?? 3001);

createHookServer().listen(hookPort, "127.0.0.1");
const ringback = await startRingback(["--data", "data"]);

const hooks = `http://127.0.0.1:${hookPort}`;
const put = (hook: string, urls: readonly string[], onError: "reject" | "continue") =>
  ringback.client.put("/v1/hooks/{hook}", {
    params: { path: { hook } },
    body: { protocol: "json", urls: [...urls], timeoutMs: 1_000, onError },
  });
// No order without both checks: if one of them cannot be reached, the order is refused.
await put("order.check", [`${hooks}/stock`, `${hooks}/risk`], "reject");
// A present is nice to have: without an answer, the order goes on.
await put("order.extras", [`${hooks}/extras`], "continue");

createShop(ringback.client).listen(port, "127.0.0.1", () =>
  console.log(`The shop is at http://127.0.0.1:${port}, Ringback at ${ringback.url}. Ctrl-C ends both.`),
);
