import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { startRingback } from "./ringback.ts";

const port = Number(process.env["PORT"] ?? 3000);
const topic = "orders";

const ringback = await startRingback(["--data", "data"]);

// The secret that both ends know. In production, it is in the environment of both.
const secret = randomBytes(32);
const k = secret.toString("base64url");
await ringback.client.put("/v1/keys/{kid}", { params: { path: { kid: "next" } }, body: { jwk: { kty: "oct", k } } });
await ringback.client.put("/v1/topics/{topic}", { params: { path: { topic } }, body: {} });
await ringback.client.put("/v1/topics/{topic}/subscriptions/{subscription}", {
  params: { path: { topic, subscription: "next" } },
  body: { push: { url: `http://127.0.0.1:${port}/webhooks`, protocol: "standard-webhooks", keys: ["next"] } },
});
const type = "order.placed";
await ringback.client.publish(topic, { type, body: { type, data: { order: 17, total: 250 } } });

const env = { ...process.env, WEBHOOK_SECRET: `whsec_${secret.toString("base64")}`, NEXT_TELEMETRY_DISABLED: "1" };
const shell = process.platform === "win32";
const args = ["dev", "--hostname", "127.0.0.1", "--port", String(port)];
const next = spawn("next", args, { env, shell, stdio: "inherit" });
next.once("exit", (code) => process.exit(code ?? 0));
process.once("exit", () => next.kill());
console.log(`The page is at http://127.0.0.1:${port}, Ringback at ${ringback.url}. Ctrl-C ends both.`);
