/**
 * Real: the command, its HTTP client. Faked: the server, the process of the command. The server records requests and
 * answers as a test says.
 */
import { json } from "node:stream/consumers";
import { describe, expect, it } from "vitest";
import { run } from "./run.ts";
import { createFakeContext } from "./testing/fake-context.ts";
import { startFakeServer } from "./testing/fake-server.ts";

const message = (id: string, more: object = {}) => ({
  id,
  receiptHandle: `r${id}`,
  receives: 1,
  visibleAt: "2026-01-31T08:16:01.000Z",
  body: `body ${id}`,
  ...more,
});

async function startApi(messages: readonly object[], failed = 0, status = 200) {
  const seen: { url: string; body: unknown }[] = [];
  const server = await startFakeServer((request, response) => {
    void json(request).then((body) => {
      const { url = "" } = request;
      seen.push({ url, body });
      const refused = { code: "not_pulled", detail: "The subscription is pushed." };
      const answer = url.endsWith("/pull") ? { messages } : { failed, results: [] };
      response.writeHead(status, { "content-type": "application/json" });
      return response.end(JSON.stringify(status === 200 ? answer : refused));
    });
  });
  return Object.assign(server, { seen });
}

const noServer = async () => Promise.reject(new Error("pull starts no server"));

async function pull(url: string, ...options: readonly string[]) {
  const context = createFakeContext();
  const code = await run(["pull", "jobs", "workers", "--url", url, ...options], context, noServer);
  return { code, ...context.written };
}

describe("ringback pull", () => {
  it("shows the pulled messages without acknowledging them", async () => {
    await using api = await startApi([message("1"), message("2", { receives: 3, body: "a\u001b[2Jb" })]);
    const { code, stdout } = await pull(api.url, "--count", "10", "--wait", "20s");
    expect([code, stdout]).toEqual([
      0,
      "1 · invisible until 2026-01-31T08:16:01.000Z · receipt handle r1\nbody 1\n" +
        "2 · receive 3 · invisible until 2026-01-31T08:16:01.000Z · receipt handle r2\na\\u001b[2Jb\n",
    ]);
    expect(api.seen).toEqual([
      { url: "/v1/topics/jobs/subscriptions/workers/pull", body: { messagesMax: 10, waitMs: 20_000 } },
    ]);
  });

  it("acknowledges the shown messages with --ack", async () => {
    await using api = await startApi([message("1")]);
    const { code, stdout } = await pull(api.url, "--ack", "--json");
    expect([code, JSON.parse(stdout)]).toEqual([0, message("1")]);
    expect(api.seen.at(-1)).toEqual({
      url: "/v1/topics/jobs/subscriptions/workers/ack",
      body: { receiptHandles: ["r1"] },
    });
  });

  it("fails when an acknowledgement came too late", async () => {
    await using api = await startApi([message("1")], 1);
    const { code, stdout, stderr } = await pull(api.url, "--ack");
    expect([code, stdout.includes("body 1")]).toEqual([1, true]);
    expect(stderr).toContain("1 of 1 messages were not acknowledged");
  });

  it("says when there are no messages, and acknowledges nothing", async () => {
    await using api = await startApi([]);
    expect(await pull(api.url, "--ack")).toEqual({ code: 0, stdout: "", stderr: "There are no messages.\n" });
    expect(api.seen).toHaveLength(1);
  });

  it("shows an error of the server and invalid options in one line", async () => {
    await using api = await startApi([], 0, 409);
    const refused = await pull(api.url);
    expect([refused.code, refused.stderr]).toEqual([1, "ringback: not_pulled (409): The subscription is pushed.\n"]);
    expect(await pull(api.url, "--count", "0")).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("from 1 to 100"),
    });
  });

  it("fails when the response is not Ringback's", async () => {
    await using api = await startApi([{ id: 1 }]);
    expect(await pull(api.url)).toMatchObject({ code: 1, stderr: expect.stringContaining("is it a Ringback server?") });
  });
});
