/** Runs every action of API 2.0 with qcloudapi-sdk. Each call prints one line: "ok NAME" or "FAIL NAME: REASON". */
import { createRequire } from "node:module";
import { join } from "node:path";
import { call, callApi2 } from "./calls.ts";

type Answer = Record<string, unknown>;
type Sdk = { request(data: object, done: (error: Error | null, answer: Answer) => void): void };
const Client = createRequire(join(process.cwd(), "x.js"))("qcloudapi-sdk") as new (options: object) => Sdk;

function senderOf(options: object) {
  const client = new Client({
    SecretId: process.env["SECRET_ID"],
    SecretKey: process.env["SECRET_KEY"],
    Region: "gz",
    protocol: "http",
    host: "ringback.example:8000",
    ...options,
  });
  return (Action: string, parameters: object): Promise<Answer> =>
    new Promise((resolve, reject) =>
      client.request({ Action, ...parameters }, (error, answer) => (error === null ? resolve(answer) : reject(error))),
    );
}

for (const method of ["GET", "POST"]) {
  for (const signatureMethod of ["sha1", "sha256"]) {
    await callApi2(`node-${method}-${signatureMethod}`, senderOf({ method, signatureMethod }));
  }
}
await call("a wrong key", () => senderOf({ SecretKey: "x" })("ListQueue", {}), { code: 4100 });
await call("an unknown SecretId", () => senderOf({ SecretId: "AKIDx" })("ListQueue", {}), { code: 4100 });
