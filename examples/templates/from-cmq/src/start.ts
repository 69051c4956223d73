import { randomBytes } from "node:crypto";
import { makeCmq } from "./cmq.ts";
import { moveOn } from "./new-program.ts";
import { runOldProgram } from "./old-program.ts";
import { startReceivers } from "./receivers.ts";
import { startRingback } from "./ringback.ts";

const port = Number(process.env["PORT"] ?? 3000);
/** The number that receivers know as `TopicOwner`. */
const appId = "100015036";

const secret = randomBytes(32);
await startReceivers(port, secret);
const ringback = await startRingback(["--data", "data", "--account-app-id", appId]);
// The secret of the new receiver. In production it is in the environment of both, and stays the same.
const kid = "orders";
const k = secret.toString("base64url");
await ringback.client.put("/v1/keys/{kid}", { params: { path: { kid } }, body: { jwk: { kty: "oct", k } } });

console.log("\nStep 1: the program that was written for CMQ, with another address");
const { secretId, secretKey } = await ringback.client.post("/v1/api-keys", { body: { name: "billing" } });
if (secretKey === null) throw new Error("a new key has a secret");
await runOldProgram(makeCmq(ringback.url, secretId, secretKey), `http://127.0.0.1:${port}/cgi`);

console.log("\nStep 2: the same topic, with the new API and a signed push beside the old one");
await moveOn(ringback.client, `http://127.0.0.1:${port}/webhooks`, kid);

console.log(`\nBoth receivers go on at port ${port}; the dashboard is at ${ringback.url}. Ctrl-C ends all.`);
