/**
 * Real: the HTTP application, which is called through `inject`; the hooks, the keys. Faked: the store, in memory, and
 * the called programs.
 */

import { connect } from "node:net";
import { describe, expect, it } from "vitest";
import { limits } from "../domain/limits.ts";
import { HookScene } from "./testing/hook-scene.ts";
import { listen } from "./testing/raw-connection.ts";
import type { ScriptedReply } from "./testing/scripted-replies.ts";

const url = "http://127.0.0.1:9/onMessage";
const scene = new HookScene();

describe("calls are bounded:", () => {
  it("only so many run at once, and the next one is served when one has ended", async () => {
    const { promise, resolve } = Promise.withResolvers<ScriptedReply>();
    const posts = await scene.start(() => promise, { hooks: { callsMax: 2 } });
    for (const hook of ["h", "g"]) await scene.ask("PUT", `/v1/hooks/${hook}`, { json: { urls: [url] } });
    const both = ["h", "g"].map((hook) => scene.ask("POST", `/v1/hooks/${hook}/call`, { json: {} }));
    await expect.poll(() => posts.length).toBe(2);
    const refused = await scene.ask("POST", "/v1/hooks/h/call", { json: {} });
    expect(refused.json).toMatchObject({ status: 503, code: "overloaded" });
    expect(refused.headers["retry-after"]).toBeDefined();
    resolve({ status: 204 });
    expect((await Promise.all(both)).map(({ status }) => status)).toEqual([200, 200]);
    expect((await scene.ask("POST", "/v1/hooks/h/call", { json: {} })).status).toBe(200);
  });

  it("the memory of all payloads and replies is limited, and released with the answer", async () => {
    let body = "x".repeat(2_000);
    await scene.start(() => ({ status: 200, headers: { "content-type": "text/plain" }, body }), {
      hooks: { memoryBytesMax: 7_000 },
    });
    await scene.ask("PUT", "/v1/hooks/h", { json: { urls: [url] } });
    for (let i = 0; i < 5; i++) expect((await scene.ask("POST", "/v1/hooks/h/call", { json: {} })).status).toBe(200);
    body = "x".repeat(4_000);
    expect((await scene.ask("POST", "/v1/hooks/h/call", { json: {} })).json).toMatchObject({ code: "overloaded" });
    const large = { json: { message: { text: "x".repeat(1_000) } } };
    expect((await scene.ask("POST", "/v1/hooks/h/call", large)).json).toMatchObject({ code: "overloaded" });
    body = "short";
    expect((await scene.ask("POST", "/v1/hooks/h/call", { json: {} })).status).toBe(200);
  });
});

/** Returns the status of a call whose payload contains a text of this length. */
async function statusOf(chars: number): Promise<number> {
  return (await scene.ask("POST", "/v1/hooks/h/call", { json: { text: "x".repeat(chars) } })).status;
}

function connections(): Promise<number> {
  return new Promise((resolve) => scene.app.server.getConnections((_error, open) => resolve(open)));
}

describe("the memory of a call is released when its client disconnects", () => {
  const payload = JSON.stringify({ text: "x".repeat(60) });
  /**
   * Connects a client that sends these calls on one connection without waiting for answers. The calls leave little of
   * the hooks' memory limit for other calls.
   */
  async function clientOf(hooks: readonly string[], script: (path: string) => ScriptedReply | Promise<ScriptedReply>) {
    const posts = await scene.start((post) => script(new URL(post.url).pathname), {
      hooks: { memoryBytesMax: 300 * limits.hookJsonBytesFactor },
    });
    scene.test.events.subscribe(() => {});
    for (const hook of ["g", "h"]) {
      await scene.ask("PUT", `/v1/hooks/${hook}`, { json: { urls: [`http://a.example/${hook}`] } });
    }
    const socket = connect(await listen(scene.app), "127.0.0.1");
    for (const hook of hooks) {
      socket.write(
        `POST /v1/hooks/${hook}/call HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n` +
          `Content-Length: ${payload.length}\r\n\r\n${payload}`,
      );
    }
    await expect.poll(() => posts.length).toBe(hooks.length);
    return socket;
  }

  it("before its answer could be sent", async () => {
    const { promise, resolve } = Promise.withResolvers<ScriptedReply>();
    const socket = await clientOf(["g", "h"], (path) => (path === "/g" ? promise : { status: 204 }));
    await expect.poll(() => scene.test.events.emitted.length).toBe(1);
    expect(await statusOf(200)).toBe(503);
    socket.destroy();
    await expect.poll(() => statusOf(200)).toBe(200);
    resolve({ status: 204 });
  });

  it("before there was an outcome", async () => {
    const { promise, resolve } = Promise.withResolvers<ScriptedReply>();
    const replies = [promise];
    const socket = await clientOf(["g"], () => replies.shift() ?? { status: 204 });
    socket.destroy();
    await expect.poll(connections).toBe(0);
    expect(await statusOf(250)).toBe(503);
    resolve({ status: 204 });
    await expect.poll(() => statusOf(250)).toBe(200);
  });
});
