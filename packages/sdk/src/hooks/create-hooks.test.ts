import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Agent } from "undici";
import { afterEach, describe, expect, it, vi } from "vitest";

import type { HookAnswer, HookProtocol } from "../protocols/hook-protocol.ts";
import { jsonHook } from "../protocols/json-hook.ts";
import { koipy } from "../protocols/koipy.ts";
import { tinyPng } from "../protocols/testing/images.vectors.ts";
import { allowedReply, blockedReply, imageRejection, resultPayload } from "../protocols/testing/koipy.vectors.ts";
import { createHooks } from "./create-hooks.ts";
import { dispatcherPost } from "./dispatcher-post.ts";
import { HookDefinitionError } from "./hook-settings.ts";
import type { HookSettings } from "./hook-settings.ts";
import { failureReasons } from "./outcome.ts";
import type { RawConnection } from "./testing/raw-server.ts";
import { RawServer, pour } from "./testing/raw-server.ts";

// Real: fetch, undici, and servers on 127.0.0.1. The servers use the dialects' receiving halves or answer with recorded
// bytes.
const servers: AsyncDisposable[] = [];

afterEach(async () => {
  for (const server of servers.splice(0)) await server[Symbol.asyncDispose]();
});

/** Starts a server that decodes each call and encodes the program's answer in the same dialect. */
async function called(
  protocol: typeof koipy | typeof jsonHook,
  answer: (payload: never) => HookAnswer,
): Promise<string> {
  const server = createServer((request, response) => {
    void bodyOf(request).then((body) => {
      const call = protocol.decode({ method: "POST", headers: {}, body });
      const reply = protocol.reply(answer(call.payload as never));
      return response.writeHead(reply.status, { ...reply.headers, connection: "close" }).end(reply.body);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  servers.push({
    async [Symbol.asyncDispose]() {
      server.close();
      await once(server, "close");
    },
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/callback`;
}

async function bodyOf(request: IncomingMessage): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of request as AsyncIterable<Uint8Array>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function raw(misbehave: (connection: RawConnection) => void): Promise<string> {
  const server = await RawServer.start(misbehave);
  servers.push(server);
  return server.url;
}

async function recorded({ head, body }: { readonly head: string; readonly body: Uint8Array }): Promise<string> {
  return await raw(({ socket }) => socket.end(Buffer.concat([Buffer.from(head), body])));
}

describe("hooks of a program", () => {
  it("can each be defined by a URL only, and then use koipy's dialect", async () => {
    const hooks = createHooks({
      onMessage: await called(koipy, ({ message }: { message: { username: string } }) =>
        message.username.startsWith("koipybot") ? { action: "reject", reason: "你已被拉黑!" } : { action: "continue" },
      ),
      onResult: await called(koipy, ({ result }: { result: { 节点名称: string[] } }) => ({
        action: "continue",
        data: { result: { NewKey: result.节点名称.map(() => "new") } },
      })),
    });
    expect(await hooks.call("onMessage", { message: { username: "koipybot1" } })).toMatchObject({
      action: "reject",
      reason: "你已被拉黑!",
      httpStatus: 403,
      error: null,
    });
    expect(await hooks.call("onMessage", { message: { username: "somebody" } })).toMatchObject({
      action: "continue",
      data: { message: { username: "somebody" } },
      httpStatus: 204,
    });
    expect(await hooks.call("onResult", { result: { 节点名称: ["a", "b"] } })).toMatchObject({
      data: { result: { 节点名称: ["a", "b"], NewKey: ["new", "new"] } },
    });
  });

  it("interpret the replies of the documented server", async () => {
    const hooks = createHooks({
      allowed: await recorded(allowedReply),
      blocked: await recorded(blockedReply),
      drawn: await recorded(imageRejection),
    });
    const payload = JSON.parse(resultPayload) as unknown;
    expect(await hooks.call("allowed", payload)).toMatchObject({ action: "continue", data: payload, error: null });
    expect(await hooks.call("blocked", payload)).toMatchObject({ action: "reject", reason: "你已被拉黑!" });
    expect(await hooks.call("drawn", payload)).toMatchObject({ action: "reject", httpStatus: 403, error: null });
  });

  it("call several URLs in order, in the JSON dialect too", async () => {
    const image = { kind: "image", contentType: "image/png", filename: "dot.png", body: tinyPng } as const;
    const hooks = createHooks({
      onOrder: {
        urls: [
          await called(jsonHook, () => ({ action: "continue", data: { seen: 1 }, attachments: [image] })),
          await called(jsonHook, ({ seen }: { seen: number }) => ({ action: "continue", data: { seen: seen + 1 } })),
        ],
        protocol: "json",
      },
    });
    expect(await hooks.call("onOrder", { order: 7 })).toMatchObject({
      action: "continue",
      attachments: [image],
      data: { order: 7, seen: 2 },
    });
  });

  it("can use a dialect of the program's own, with its key", async () => {
    const seen: unknown[] = [];
    const own: HookProtocol = {
      ...jsonHook,
      name: "own",
      keys: "required",
      encode: (call) => {
        seen.push(call.key);
        return jsonHook.encode(call);
      },
    };
    const key = { kid: "0", jwk: { kty: "oct", k: "MDEy" } };
    const urls = [await called(jsonHook, () => ({ action: "continue" }))];
    expect(await createHooks({ card: { urls, protocol: own, key } }).call("card", {})).toMatchObject({ error: null });
    expect(seen).toEqual([key]);
  });

  it("keep large integers with a codec that keeps them", async () => {
    const json = { parse: (text: string) => ({ result: { text } }), stringify: () => '{"id":12345678901234567890}' };
    const url = await raw(({ socket, received }) => {
      const sent = received().split("\r\n\r\n")[1] ?? "";
      socket.end(`HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n${sent}`);
    });
    expect(await createHooks({ a: url }, { json }).call("a", {})).toMatchObject({
      data: { result: { text: '{"id":12345678901234567890}' } },
    });
  });

  it("use another fetch function if the program passes one", async () => {
    const requested: unknown[] = [];
    const hooks = createHooks(
      { a: "https://h.example/" },
      {
        fetch: (url) => {
          requested.push(url);
          return Promise.resolve(new Response("no", { status: 403 }));
        },
      },
    );
    expect(await hooks.call("a", {})).toMatchObject({ action: "reject", reason: "no" });
    expect(requested).toEqual(["https://h.example/"]);
  });

  it("use an undici dispatcher if the program passes one", async () => {
    const agent = new Agent();
    const url = await called(koipy, ({ message }: { message: object }) => ({
      action: "continue",
      data: { result: message },
    }));
    const hooks = createHooks({ a: url }, { post: dispatcherPost(agent) });
    expect(await hooks.call("a", { message: { text: "测试" } })).toMatchObject({
      action: "continue",
      data: { message: { text: "测试" }, result: { text: "测试" } },
      httpStatus: 200,
      error: null,
    });
    await agent.close();
  });

  it("refuse both a fetch function and a post function", () => {
    const post = dispatcherPost({ dispatch: () => true });
    expect(() => createHooks({ a: "http://h.example/" }, { post, fetch })).toThrow(
      new TypeError("post and fetch must not be given together"),
    );
  });

  it("end when the caller aborts them", async () => {
    const given = new AbortController();
    const hooks = createHooks({ a: await raw(() => given.abort()) });
    expect(await hooks.call("a", {}, { signal: given.signal })).toMatchObject({ action: "continue", error: "aborted" });
  });

  it("are called by their names only", async () => {
    const hooks = createHooks({ a: "http://h.example/" });
    for (const name of ["b", "__proto__", "constructor"] as never[]) {
      await expect(hooks.call(name, {})).rejects.toMatchObject({ code: "unknown_hook", hook: name });
    }
  });
});

describe("the reason that is shown when a hook fails", () => {
  const jsonHead = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n";
  const failing: [what: string, code: keyof typeof failureReasons, url: () => Promise<string>][] = [
    [
      "refused",
      "unreachable",
      async () => {
        const server = await RawServer.start(() => {});
        const { url } = server;
        await server[Symbol.asyncDispose]();
        return url;
      },
    ],
    ["of an unknown name", "unreachable", () => Promise.resolve("http://secret-host.invalid:8080/secret-path")],
    [
      "without TLS",
      "unreachable",
      async () => {
        const server = await RawServer.withoutTls();
        servers.push(server);
        return server.url.replace("http:", "https:");
      },
    ],
    ["cut off", "unreachable", () => raw(({ socket }) => socket.destroy())],
    ["late", "timeout", () => raw(() => {})],
    ["not HTTP", "bad_reply", () => raw(({ socket }) => socket.end("SSH-2.0-OpenSSH_9.9\r\n\r\n"))],
    [
      "without end",
      "reply_too_large",
      () => raw(({ socket }) => (socket.write(jsonHead), pour(socket, "[".repeat(9999)))),
    ],
    ["not JSON", "bad_reply", () => raw(({ socket }) => socket.end(`${jsonHead}{`))],
    ["too deep", "bad_reply", () => raw(({ socket }) => socket.end(`${jsonHead}${'{"a":'.repeat(100_000)}`))],
    [
      "half an image",
      "bad_reply",
      () => raw(({ socket }) => socket.end("HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n\r\n\x89PNG")),
    ],
  ];

  it.each(failing)("is a fixed sentence without the address: the server is %s", async (_, code, urlOf) => {
    const url = await urlOf();
    const settings = { urls: [url], timeoutMs: code === "timeout" ? 150 : 10_000 };
    const outcome = await createHooks({ a: { ...settings, onError: "reject" } }).call("a", { result: {} });
    expect(outcome).toMatchObject({ action: "reject", reason: failureReasons[code], error: code });
    const { hostname, port } = new URL(url);
    for (const secret of [hostname, port, "secret"]) expect(JSON.stringify(outcome)).not.toContain(secret);
  });

  it.each(failing)("is null if a failure continues: the server is %s", async (_, code, urlOf) => {
    const settings = { urls: [await urlOf()], timeoutMs: code === "timeout" ? 150 : 10_000 };
    const outcome = await createHooks({ a: settings }).call("a", { result: { a: 1 } });
    expect(outcome).toMatchObject({ action: "continue", reason: null, data: { result: { a: 1 } }, error: code });
  });

  it("is the error page of a proxy, without the address", async () => {
    const url = await raw(({ socket, received }) => {
      const host = /host: (\S+)/i.exec(received())?.[1] ?? "";
      socket.end(`HTTP/1.1 502 Bad Gateway\r\nConnection: close\r\n\r\nno answer from http://${host}/secret-path`);
    });
    expect(await createHooks({ a: url }).call("a", {})).toMatchObject({
      action: "reject",
      reason: "no answer from [callback server]",
    });
  });
});

describe("an invalid definition", () => {
  const url = "http://h.example/";
  it.each<[string, unknown]>([
    ["must be a URL, or an object with urls", null],
    ["must be a URL, or an object with urls", [url]],
    ["must be a URL, or an object with urls", 5],
    ["urls[0] is not an http or https URL", "h.example"],
    ["urls[0] is not an http or https URL", ""],
    ["urls[0] is not an http or https URL", "ftp://h.example/"],
    ["urls[0] is not an http or https URL", "http://"],
    ["urls[0] is not an http or https URL", { urls: [undefined] }],
    ["urls[1] has a fragment (the part from # on), which would never be sent", { urls: [url, `${url}#a`] }],
    ["urls[0] contains a user name or password, which fetch does not send", "http://user:s3cret@h.example/"],
    ["urls[0] contains white space, control characters or backslashes", "http://h.example/a\nb"],
    ["urls[0] has more than 2048 characters", url + "a".repeat(2048)],
    ["urls must be a list of 1 to 16 URLs", {}],
    ["urls must be a list of 1 to 16 URLs", { urls: [] }],
    ["urls must be a list of 1 to 16 URLs", { urls: url }],
    ["urls must be a list of 1 to 16 URLs", { urls: Array.from({ length: 17 }, () => url) }],
    [
      "url is not a setting of a hook; the settings are urls, protocol, timeoutMs, onError, key, replyBytesMax",
      { url, urls: [url] },
    ],
    ["timeoutMs must be a whole number from 100 to 60000", { urls: [url], timeoutMs: 99 }],
    ["timeoutMs must be a whole number from 100 to 60000", { urls: [url], timeoutMs: 60_001 }],
    ["timeoutMs must be a whole number from 100 to 60000", { urls: [url], timeoutMs: 150.5 }],
    ["timeoutMs must be a whole number from 100 to 60000", { urls: [url], timeoutMs: "5000" }],
    ["replyBytesMax must be a whole number from 1024 to 67108864", { urls: [url], replyBytesMax: Infinity }],
    ['onError must be "continue" or "reject"', { urls: [url], onError: "ignore" }],
    ["protocol must be one of koipy, json, or a dialect object", { urls: [url], protocol: "opencard" }],
    ["protocol must be one of koipy, json, or a dialect object", { urls: [url], protocol: {} }],
    ["protocol must be one of koipy, json, or a dialect object", { urls: [url], protocol: null }],
    ["the protocol koipy takes no key", { urls: [url], key: { kid: "0", jwk: { kty: "oct" } } }],
    ["the protocol own needs a key", { urls: [url], protocol: { ...koipy, name: "own", keys: "required" } }],
    ["key must be {kid, jwk}", { urls: [url], protocol: { ...koipy, keys: "required" }, key: "s3cret" }],
  ])("%s", (problem, settings) => {
    const create = (): unknown => createHooks({ onMessage: settings as HookSettings });
    expect(create).toThrow(new HookDefinitionError("invalid_hook", "onMessage", `hook "onMessage": ${problem}`));
    expect(create).toThrow(TypeError);
    expect(create).toThrow(expect.objectContaining({ code: "invalid_hook", hook: "onMessage" }));
    expect(create).not.toThrow(/s3cret/);
  });

  it.each(["", "a".repeat(65)])("is refused with the name %j", (name) => {
    expect(() => createHooks({ [name]: url })).toThrow(/a name has 1 to 64 characters/);
  });

  it("is copied, so later changes have no effect", async () => {
    const urls = ["http://first.example/"];
    const fetch = vi.fn<typeof globalThis.fetch>(() => Promise.resolve(new Response(null, { status: 204 })));
    const hooks = createHooks({ a: { urls } }, { fetch });
    urls[0] = "file:///etc/passwd";
    await hooks.call("a", {});
    expect(fetch).toHaveBeenCalledWith("http://first.example/", expect.anything());
  });
});
