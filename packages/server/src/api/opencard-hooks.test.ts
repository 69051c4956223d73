/**
 * Real: the HTTP application, which is called through `inject`; the hooks, the keys. Faked: the store, in memory, and
 * the called programs.
 */

import { createOpencardReceiver, opencard } from "@ringback/sdk/opencard";
import { describe, expect, it } from "vitest";
import { HookScene } from "./testing/hook-scene.ts";
import type { ScriptedPost, ScriptedReply } from "./testing/scripted-replies.ts";

const url = "http://127.0.0.1:9/webhook";
const jwk = { kty: "oct", k: "MDEyMzQ1Njc4OWFiY2RlZg" };
const scene = new HookScene();

describe("opencard", () => {
  const receiver = createOpencardReceiver({
    keys: { "0": jwk },
    cards: { "123": () => ({ item_list: [{ title: "故宫博物院" }] }) },
  });
  const webhook = async (post: ScriptedPost): Promise<ScriptedReply> => {
    const reply = await receiver.handle({
      method: "POST",
      path: "/",
      headers: post.headers,
      body: Buffer.from(post.text),
    });
    return { status: reply.status, headers: reply.headers, body: reply.body };
  };
  const put = async () => {
    await scene.ask("PUT", "/v1/keys/0", { json: { jwk } });
    await scene.ask("PUT", "/v1/hooks/card", {
      json: { urls: [url], protocol: "opencard", key: "0", onError: "reject" },
    });
  };

  it("goes out encrypted under the named key, and the decrypted reply is the outcome's data", async () => {
    const posts = await scene.start(webhook);
    await put();
    const payload = { type: "sp_ala", srcid: "123", surface: "mobile", intent: {} };
    const { json: outcome } = await scene.ask("POST", "/v1/hooks/card/call", { json: payload });
    expect(outcome).toMatchObject({
      action: "continue",
      data: { status: 0, msg: "", data: { item_list: [{ title: "故宫博物院" }] } },
      error: null,
    });
    expect(posts[0]?.text).toMatch(/^[\w-]+(\.[\w-]+){4}$/);
    expect(JSON.parse(Buffer.from(posts[0]?.text.split(".")[0] ?? "", "base64url").toString())).toEqual({
      alg: "A128KW",
      enc: "A128CBC-HS256",
      kid: "0",
      rid: "1700000000000-7",
    });
  });

  it("rejects with the receiver's own words for a card that it does not have", async () => {
    await scene.start(webhook);
    await put();
    const { json: outcome } = await scene.ask("POST", "/v1/hooks/card/call", { json: { srcid: "124" } });
    expect(outcome).toMatchObject({ action: "reject", reason: "Invalid srcid", data: { status: 2 }, error: null });
  });

  it("refuses a reply that was encrypted with another key, or for another call", async () => {
    for (const [key, requestId] of [
      [{ kid: "0", jwk: { kty: "oct", k: "ZmVkY2JhOTg3NjU0MzIxMA" } }, "1700000000000-7"],
      [{ kid: "0", jwk }, "1700000000000-8"],
    ] as const) {
      await scene.start(async () =>
        opencard.reply({ action: "continue", data: { forged: true } }, { payload: null, requestId, key }),
      );
      await put();
      const { json: outcome } = await scene.ask("POST", "/v1/hooks/card/call", { json: { srcid: "123" } });
      expect(outcome).toMatchObject({ action: "reject", error: "untrusted_reply", data: { srcid: "123" } });
      await scene.app.close();
    }
    await scene.start(webhook);
  });

  it("refuses a reply that is not a token", async () => {
    const scripts: [ScriptedReply, string][] = [
      [{ status: 200, body: "eyJhbGciOiJub25lIn0...." }, "bad_reply"],
      [{ status: 200, body: "not a token" }, "bad_reply"],
      [{ status: 404, body: "" }, "http_status"],
    ];
    for (const [reply, error] of scripts) {
      await scene.start(() => reply);
      await put();
      const { json: outcome } = await scene.ask("POST", "/v1/hooks/card/call", { json: { srcid: "123" } });
      expect(outcome).toMatchObject({ action: "reject", error });
      await scene.app.close();
    }
    await scene.start(webhook);
  });

  it("reports that its key was deleted, or that its master key is missing", async () => {
    await scene.start(webhook);
    await put();
    const account = scene.test.store.catalog.defaultAccount().id;
    const sealed = (await scene.test.store.entries.get(account, "key", "0"))?.value as { sealed: string };
    const strange = Buffer.from('{"alg":"dir","enc":"A256GCM","kid":"gone"}').toString("base64url");
    const parts = sealed.sealed.split(".").with(0, strange);
    await scene.test.store.entries.put(account, "key", "0", { ...sealed, sealed: parts.join(".") });
    const unavailable = await scene.ask("POST", "/v1/hooks/card/call", { json: { srcid: "123" } });
    expect(unavailable.json).toMatchObject({ status: 409, code: "key_unavailable" });
    const again = { json: { urls: [url], protocol: "opencard", key: "0" } };
    expect((await scene.ask("PUT", "/v1/hooks/other", again)).json).toMatchObject({ code: "key_unavailable" });
    expect((await scene.ask("GET", "/v1/keys/0")).json).toMatchObject({ usable: false });
    await scene.ask("DELETE", "/v1/keys/0?force=true");
    const gone = await scene.ask("POST", "/v1/hooks/card/call", { json: { srcid: "123" } });
    expect(gone.json).toMatchObject({ status: 404, code: "key_not_found" });
  });

  it("uses a replaced key at once", async () => {
    await scene.start(webhook);
    await put();
    await scene.ask("PUT", "/v1/keys/0", { json: { jwk: { kty: "oct", k: "ZmVkY2JhOTg3NjU0MzIxMA" } } });
    const refused = await scene.ask("POST", "/v1/hooks/card/call", { json: { srcid: "123" } });
    expect(refused.json).toMatchObject({ action: "reject", httpStatus: 400, error: "http_status" });
    await scene.ask("PUT", "/v1/keys/0", { json: { jwk } });
    const taken = await scene.ask("POST", "/v1/hooks/card/call", { json: { srcid: "123" } });
    expect(taken.json).toMatchObject({ action: "continue", error: null });
  });
});
