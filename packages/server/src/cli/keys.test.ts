/**
 * Real: the command, its HTTP client. Faked: the server, the process of the command. The server records requests and
 * answers as a test says.
 */
import { json } from "node:stream/consumers";
import { describe, expect, it } from "vitest";
import { run } from "./run.ts";
import { createFakeContext } from "./testing/fake-context.ts";
import { startFakeServer } from "./testing/fake-server.ts";

const step = (next: string | null, newKey = false) => ({
  masterKid: "4h1fVc9Qx3g",
  newKey,
  resealed: { keys: 1, apiKeys: 2, inboxes: 3, hooks: 0, subscriptions: 4 },
  next,
});

async function startApi(answers: object[]) {
  const seen: unknown[] = [];
  const server = await startFakeServer((request, response) => {
    void json(request).then((body) => {
      seen.push([request.url, body]);
      response.writeHead(200, { "content-type": "application/json" });
      return response.end(JSON.stringify(answers.shift()));
    });
  });
  return Object.assign(server, { seen });
}

const noServer = async () => Promise.reject(new Error("keys starts no server"));

async function rotate(url: string, ...options: readonly string[]) {
  const context = createFakeContext();
  const code = await run(["keys", "rotate-master", "--url", url, ...options], context, noServer);
  return { code, ...context.written };
}

describe("ringback keys rotate-master", () => {
  it("continues until everything is done, and shows the sums", async () => {
    await using api = await startApi([step("a", true), step("b"), step(null)]);
    const { code, stdout } = await rotate(api.url);
    expect([code, stdout]).toEqual([
      0,
      "The server has made a new master key. Copy its file master.key to a safe place.\n" +
        "Encrypted again with the master key 4h1fVc9Qx3g: 3 keys, 6 API keys, 9 inboxes, 0 hooks, 12 subscriptions.\n",
    ]);
    const path = "/v1/keys/rotate-master";
    expect(api.seen).toEqual([
      [path, {}],
      [path, { after: "a" }],
      [path, { after: "b" }],
    ]);
  });

  it("prints one JSON object with --json", async () => {
    await using api = await startApi([step(null)]);
    const { stdout } = await rotate(api.url, "--json");
    const { next: _, ...shown } = step(null);
    expect(JSON.parse(stdout)).toEqual({ type: "master-key-rotated", ...shown });
  });

  it("refuses an answer that is no step", async () => {
    await using api = await startApi([{ ...step(null), resealed: { keys: 1 } }]);
    const { code, stderr } = await rotate(api.url);
    expect([code, stderr]).toEqual([1, expect.stringContaining("no step of a rotation")]);
  });
});
