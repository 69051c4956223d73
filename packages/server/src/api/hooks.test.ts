/**
 * Real: the HTTP application, which is called through `inject`; the hooks, the keys. Faked: the store, in memory, and
 * the called programs.
 */

import { describe, expect, it } from "vitest";
import { RingbackError } from "../domain/errors.ts";
import { limits } from "../domain/limits.ts";
import type { CallBody } from "./testing/call.ts";
import { HookScene } from "./testing/hook-scene.ts";
import { testNowMs } from "./testing/test-app.ts";
import type { ScriptedReply } from "./testing/scripted-replies.ts";

const url = "http://callbacks.internal.example:8080/secret-path/onMessage?token=t0p";
const jwk = { kty: "oct", k: "MDEyMzQ1Njc4OWFiY2RlZg" };
const json = { "content-type": "application/json" };
const scene = new HookScene();

/** Calls a hook and returns the answer as text. Parsing it would lose the digits that the test checks. */
async function callAsText(hook: string, payload: string) {
  const { statusCode, body } = await scene.app.inject({
    method: "POST",
    url: `/v1/hooks/${hook}/call`,
    headers: json,
    payload,
  });
  return { status: statusCode, text: body };
}

describe("a hook", () => {
  it("is put by name, a second equal put changes nothing, and the result of GET can be put", async () => {
    await scene.start(() => "timeout");
    const put = await scene.ask("PUT", "/v1/hooks/onMessage", { json: { urls: [url] } });
    expect(put.status).toBe(201);
    expect(put.json).toEqual({
      name: "onMessage",
      urls: [url],
      protocol: "koipy",
      timeoutMs: 5_000,
      onError: "continue",
      replyBytesMax: 8 * 1024 * 1024,
      key: null,
      auth: null,
      tls: null,
      description: "",
      labels: {},
      createdAt: "2026-01-31T08:15:30.250Z",
      updatedAt: "2026-01-31T08:15:30.250Z",
    });
    const { name: _name, createdAt: _createdAt, updatedAt: _updatedAt, ...body } = put.json;
    expect(await scene.ask("PUT", "/v1/hooks/onMessage", { json: body })).toMatchObject({
      status: 200,
      json: put.json,
    });
    expect((await scene.ask("GET", "/v1/hooks/onMessage")).json).toEqual(put.json);
    expect((await scene.ask("DELETE", "/v1/hooks/onMessage")).status).toBe(204);
    for (const [method, path] of [
      ["GET", "/v1/hooks/onMessage"],
      ["DELETE", "/v1/hooks/onMessage"],
      ["POST", "/v1/hooks/onMessage/call"],
    ] as const) {
      const answer = await scene.ask(method, path, method === "POST" ? { json: {} } : {});
      expect(answer.json).toMatchObject({ status: 404, code: "hook_not_found" });
    }
  });

  it("is listed by name, page by page", async () => {
    await scene.start(() => "timeout");
    for (const name of ["b", "a", "c"]) await scene.ask("PUT", `/v1/hooks/${name}`, { json: { urls: [url] } });
    const page = await scene.ask("GET", "/v1/hooks?limit=2");
    expect(page.json.items).toMatchObject([{ name: "a" }, { name: "b" }]);
    const rest = await scene.ask("GET", `/v1/hooks?after=${page.json.next}`);
    expect(rest.json).toMatchObject({ items: [{ name: "c" }], next: null });
  });

  it.each<[string, object, string, string]>([
    ["no URL", {}, "invalid_request", "urls"],
    ["one URL that is no list", { urls: url }, "invalid_request", "urls"],
    ["a URL that is none", { urls: [url, "x"] }, "invalid_url", "urls[1]"],
    ["an address of nobody", { urls: [url, "http://169.254.169.254/"] }, "invalid_url", "urls[1]"],
    ["an unknown protocol", { urls: [url], protocol: "smoke" }, "unknown_protocol", "protocol"],
    ["no such choice", { urls: [url], onError: "ignore" }, "invalid_request", "onError"],
    ["time without bounds", { urls: [url], timeoutMs: 1e9 }, "invalid_request", "timeoutMs"],
    ["a name of nothing", { urls: [url], timeout: 1 }, "invalid_request", "timeout"],
    ["a key that is none", { urls: [url], key: 0 }, "invalid_request", "key"],
    ["a key for nothing", { urls: [url], key: "0" }, "invalid_request", "key"],
    ["no key", { urls: [url], protocol: "opencard" }, "invalid_request", "key"],
    ["a key that is not there", { urls: [url], protocol: "opencard", key: "1" }, "key_not_found", "key"],
    ["a key of another length", { urls: [url], protocol: "opencard", key: "long" }, "invalid_key", "key"],
  ])("with %s is refused", async (_what, body, code, field) => {
    await scene.start(() => "timeout");
    await scene.ask("PUT", "/v1/keys/long", { json: { jwk: { kty: "oct", k: `${jwk.k.slice(0, 21)}${jwk.k}g` } } });
    const answer = await scene.ask("PUT", "/v1/hooks/h", { json: body });
    expect(answer.json).toMatchObject({ code, errors: [{ field }] });
    expect((await scene.ask("GET", "/v1/hooks/h")).status).toBe(404);
  });

  it("has a name of the usual form", async () => {
    await scene.start(() => "timeout");
    expect((await scene.ask("PUT", "/v1/hooks/_1", { json: { urls: [url] } })).json.code).toBe("invalid_name");
    expect((await scene.ask("POST", "/v1/hooks/a:b/call", { json: {} })).json.code).toBe("invalid_name");
  });
});

describe("a call", () => {
  it("sends the payload and answers with what the reply means", async () => {
    const posts = await scene.start(() => ({ status: 403, body: "你已被拉黑!" }));
    await scene.ask("PUT", "/v1/hooks/onMessage", { json: { urls: [url] } });
    const answer = await scene.ask("POST", "/v1/hooks/onMessage/call", { json: { message: { text: "hi" } } });
    expect(answer.status).toBe(200);
    expect(answer.json).toEqual({
      action: "reject",
      reason: "你已被拉黑!",
      attachments: [],
      data: { message: { text: "hi" } },
      httpStatus: 403,
      durationMs: expect.any(Number),
      error: null,
      errorDetail: null,
    });
    expect(posts).toMatchObject([{ url, text: '{"message":{"text":"hi"}}', headers: json }]);
  });

  it("keeps every digit and every spelling of a number, both ways", async () => {
    const posts = await scene.start(() => ({
      status: 200,
      headers: json,
      body: '{"result":{"added":[18446744073709551615,0.10,1e2]},"addons":{"__proto__":{"a":1.0}}}',
    }));
    await scene.ask("PUT", "/v1/hooks/onResult", { json: { urls: [url, url] } });
    const payload = '{"message":{"id":12345678901234567890},"result":{"n":[1.0,-0]},"__proto__":{"x":1}}';
    const { status, text } = await callAsText("onResult", payload);
    expect(status).toBe(200);
    expect(posts[0]?.text).toBe(payload);
    expect(posts[1]?.text).toBe(
      '{"message":{"id":12345678901234567890},"result":{"n":[1.0,-0],"added":[18446744073709551615,0.10,1e2]},' +
        '"__proto__":{"x":1},"addons":{"__proto__":{"a":1.0}}}',
    );
    expect(text).toContain(`"data":${posts[1]?.text ?? ""},"httpStatus":200,`);
    expect("x" in {}).toBe(false);
  });

  it("asks its URLs in order, each with the data merged so far, until one rejects", async () => {
    const posts = await scene.start(({ url: called }) => {
      if (called.endsWith("/2")) return { status: 204 };
      if (called.endsWith("/3")) return { status: 403, body: "no" };
      return { status: 200, headers: json, body: '{"result":{"a":2}}' };
    });
    const urls = [1, 2, 3, 4].map((n) => `http://127.0.0.1:9/${n}`);
    await scene.ask("PUT", "/v1/hooks/h", { json: { urls } });
    const { json: outcome } = await scene.ask("POST", "/v1/hooks/h/call", { json: { result: { a: 1, b: 1 } } });
    expect(outcome).toMatchObject({ action: "reject", reason: "no", data: { result: { a: 2, b: 1 } } });
    expect(posts.map((post) => [post.url, post.text])).toEqual([
      [urls[0], '{"result":{"a":1,"b":1}}'],
      [urls[1], '{"result":{"a":2,"b":1}}'],
      [urls[2], '{"result":{"a":2,"b":1}}'],
    ]);
  });

  it("gives attachments as base64, under names that are safe", async () => {
    await scene.start(() => ({
      status: 200,
      headers: { "content-disposition": 'attachment; filename="../../etc/passwd"' },
      body: Uint8Array.of(0, 255, 10),
    }));
    await scene.ask("PUT", "/v1/hooks/h", { json: { urls: [url] } });
    const { attachments } = (await scene.ask("POST", "/v1/hooks/h/call", { json: {} })).json;
    expect(attachments).toMatchObject([{ kind: "file", contentType: null, bodyBase64: "AP8K" }]);
    expect(attachments[0].filename).not.toMatch(/[/\\]/);
  });

  it("takes any JSON value where the protocol does", async () => {
    const posts = await scene.start(() => ({ status: 204 }));
    await scene.ask("PUT", "/v1/hooks/h", { json: { urls: [url], protocol: "json" } });
    for (const payload of ["null", '"text"', "12345678901234567890", "[]", "false"]) {
      expect((await callAsText("h", payload)).text).toContain(`"data":${payload},`);
      expect(posts.at(-1)?.text).toBe(payload);
    }
  });

  it("of a koipy hook with a payload that is no object sends nothing", async () => {
    const posts = await scene.start(() => ({ status: 204 }));
    await scene.ask("PUT", "/v1/hooks/h", { json: { urls: [url], onError: "reject" } });
    for (const payload of ["[]", "1", "1.0"]) {
      expect(JSON.parse((await callAsText("h", payload)).text)).toMatchObject({
        action: "reject",
        error: "unencodable",
      });
    }
    expect(posts).toEqual([]);
  });

  it.each<[string, CallBody, number, string]>([
    ["nothing", { headers: json }, 400, "malformed_json"],
    ["no JSON", { body: '{"a":1', headers: json }, 400, "malformed_json"],
    ["another type", { body: "{}", headers: { "content-type": "text/plain" } }, 415, "unsupported_media_type"],
    ["no UTF-8", { body: Uint8Array.of(0x22, 0xff, 0x22), headers: json }, 400, "invalid_utf8"],
    ["JSON without a bottom", { body: "[".repeat(1_000_000), headers: json }, 400, "json_too_complex"],
    ["JSON that is too deep", { body: `${"[".repeat(101)}${"]".repeat(101)}`, headers: json }, 400, "json_too_complex"],
    ["too much", { body: `"${"x".repeat(limits.hookPayloadBytesMax)}"`, headers: json }, 413, "request_too_large"],
  ])("with a payload of %s is refused", async (_what, given, status, code) => {
    const posts = await scene.start(() => ({ status: 204 }));
    await scene.ask("PUT", "/v1/hooks/h", { json: { urls: [url] } });
    expect((await scene.ask("POST", "/v1/hooks/h/call", given)).json).toMatchObject({ status, code });
    expect(posts).toEqual([]);
  });

  it("may have 4 MiB, and be 100 levels deep", async () => {
    const posts = await scene.start(() => ({ status: 204 }));
    await scene.ask("PUT", "/v1/hooks/h", { json: { urls: [url], protocol: "json" } });
    const large = `"${"x".repeat(limits.hookPayloadBytesMax - 2)}"`;
    expect((await callAsText("h", large)).status).toBe(200);
    const deep = "[".repeat(100) + "]".repeat(100);
    expect((await callAsText("h", deep)).text).toContain(`"data":${deep},`);
    expect(posts.map(({ text }) => text.length)).toEqual([large.length, deep.length]);
  });
});

describe("a program that fails", () => {
  const replies: [string, ScriptedReply, string, string | null][] = [
    ["refuses the connection", "connect_refused", "unreachable", "connect_refused"],
    ["has no address", "dns_failed", "unreachable", "dns_failed"],
    ["is in a forbidden network", "address_denied", "unreachable", "address_denied"],
    ["cannot be connected to", "connect_failed", "unreachable", "connect_failed"],
    ["has a wrong certificate", "tls_failed", "unreachable", "tls_failed"],
    ["hangs up", "connection_reset", "unreachable", "connection_reset"],
    ["is late", "timeout", "timeout", "timeout"],
    ["speaks no HTTP", "bad_reply", "bad_reply", "bad_reply"],
    ["never ends", "reply_too_large", "reply_too_large", "reply_too_large"],
    ["is cut off with the server", "aborted", "aborted", "aborted"],
    ["merges no JSON", { status: 200, headers: json, body: "<html>" }, "bad_reply", null],
    ["merges a number", { status: 200, headers: json, body: "1.0" }, "bad_reply", null],
    ["merges numbers", { status: 200, headers: json, body: '{"result":1.0}' }, "bad_reply", null],
    ["merges JSON without a bottom", { status: 200, headers: json, body: "[".repeat(100_000) }, "bad_reply", null],
    [
      "sends half an image",
      { status: 200, headers: { "content-type": "image/png" }, body: "\u0089PNG" },
      "bad_reply",
      null,
    ],
  ];

  it.each(replies)(
    "and %s counts as told by onError, and its address is not shown",
    async (_what, reply, error, below) => {
      await scene.start(() => reply);
      const events: unknown[] = [];
      scene.test.events.subscribe((event) => events.push(event));
      for (const onError of ["continue", "reject"] as const) {
        await scene.ask("PUT", "/v1/hooks/h", { json: { urls: [url], onError } });
        const answer = await scene.ask("POST", "/v1/hooks/h/call", { json: { result: { a: 1 } } });
        expect(answer).toMatchObject({ status: 200, json: { action: onError, error, data: { result: { a: 1 } } } });
        expect(JSON.stringify(answer)).not.toMatch(/internal\.example|8080|secret-path|t0p/);
        expect(events.at(-1)).toMatchObject({
          type: "hook.called",
          hook: "h",
          action: onError,
          error,
          transportError: below,
        });
        expect(JSON.stringify(events)).not.toMatch(/internal\.example|8080|secret-path|t0p/);
      }
    },
  );

  it("does not show its address in the text of a rejection either", async () => {
    await scene.start(() => ({ status: 500, body: `Traceback: POST ${url} at callbacks.internal.example:8080` }));
    await scene.ask("PUT", "/v1/hooks/h", { json: { urls: [url] } });
    const { json: outcome } = await scene.ask("POST", "/v1/hooks/h/call", { json: {} });
    expect(outcome).toMatchObject({ action: "reject", httpStatus: 500, error: null });
    expect(outcome.reason).toContain("Traceback");
    expect(outcome.reason).not.toMatch(/internal\.example|secret-path|t0p/);
  });

  it("does not stop the next programs when onError is continue", async () => {
    await scene.start(({ url: called }) =>
      called.endsWith("/1") ? "connect_refused" : { status: 200, headers: json, body: '{"result":{"b":2}}' },
    );
    await scene.ask("PUT", "/v1/hooks/h", { json: { urls: ["http://a.example/1", "http://a.example/2"] } });
    const { json: outcome } = await scene.ask("POST", "/v1/hooks/h/call", { json: { result: { a: 1 } } });
    expect(outcome).toMatchObject({ action: "continue", error: "unreachable", data: { result: { a: 1, b: 2 } } });
  });
});

describe("listeners to live events", () => {
  it("receive an event for every call and its outcome", async () => {
    const replies: ScriptedReply[] = [{ status: 204 }, { status: 403, body: "no" }, "connect_refused"];
    await scene.start(() => replies.shift() ?? "timeout");
    await scene.ask("PUT", "/v1/hooks/h", { json: { urls: [url] } });
    const stop = scene.test.events.subscribe(() => {});
    for (let i = 0; i < 3; i++) await scene.ask("POST", "/v1/hooks/h/call", { json: {} });
    const about = {
      type: "hook.called",
      accountId: 1,
      at: testNowMs,
      hook: "h",
      durationMs: expect.any(Number),
      errorDetail: null,
    };
    const none = { error: null, transportError: null, transportErrorDetail: null };
    expect(scene.test.events.emitted).toEqual([
      { ...about, ...none, action: "continue", httpStatus: 204 },
      { ...about, ...none, action: "reject", httpStatus: 403 },
      {
        ...about,
        action: "continue",
        httpStatus: null,
        error: "unreachable",
        transportError: "connect_refused",
        transportErrorDetail: "connect ECONNREFUSED 192.0.2.1:80",
      },
    ]);
    stop();
    const metrics = (await scene.app.inject("/metrics")).body;
    for (const outcome of ["continue", "reject", "failed"]) {
      expect(metrics).toContain(`ringback_hook_calls_total{outcome="${outcome}"} 1\n`);
    }
    expect(metrics).toContain("ringback_hook_call_duration_seconds_count 3\n");
  });
});

it("a database that cannot be written is reported", async () => {
  await scene.start(() => "timeout");
  scene.test.store.failure = new RingbackError("storage_full");
  expect((await scene.ask("PUT", "/v1/hooks/h", { json: { urls: [url] } })).json.code).toBe("storage_full");
});
