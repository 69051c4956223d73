import { describe, expect, it } from "vitest";

import type { HookProtocol, HookReply } from "../protocols/hook-protocol.ts";
import { jsonHook } from "../protocols/json-hook.ts";
import { koipy } from "../protocols/koipy.ts";
import { opencard } from "../protocols/opencard.ts";
import { tinyPng } from "../protocols/testing/images.vectors.ts";
import { failureReasons } from "./outcome.ts";
import type { FailedPost, HookDefinition, HookPorts, PostOptions } from "./run-hook.ts";
import { runHook } from "./run-hook.ts";

// Faked: the transport and the clock. Each POST returns the prepared reply of its URL and advances the clock.
interface Answer {
  readonly reply: HookReply | FailedPost;
  readonly tookMs?: number;
}
interface Posted {
  readonly url: string;
  readonly body: unknown;
  readonly options: PostOptions;
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function jsonReply(value: unknown): HookReply {
  return { status: 200, headers: { "content-type": "application/json" }, body: bytes(JSON.stringify(value)) };
}
const veto: HookReply = { status: 403, headers: { "content-type": "text/plain" }, body: bytes("你已被拉黑!") };
const image: HookReply = { status: 200, headers: { "content-type": "image/png" }, body: tinyPng };
const silent: HookReply = { status: 204, headers: {}, body: new Uint8Array() };
const text: HookReply = { status: 200, headers: { "content-type": "text/plain" }, body: bytes("hi") };
const broken: HookReply = { status: 200, headers: { "content-type": "application/json" }, body: bytes("{") };

function scene(answers: Readonly<Record<string, Answer>>, more: Partial<HookPorts> = {}) {
  const posts: Posted[] = [];
  let nowMs = 1_000;
  const ports: HookPorts = {
    post: (url, _headers, body, options) => {
      posts.push({ url, body: JSON.parse(new TextDecoder().decode(body)), options });
      const answer = answers[url];
      if (answer === undefined) throw new Error(`nobody at ${url}`);
      nowMs += answer.tookMs ?? 1;
      return Promise.resolve(answer.reply);
    },
    nowMs: () => nowMs,
    requestId: () => `request-${posts.length + 1}`,
    json: JSON,
    ...more,
  };
  return { posts, ports };
}

function hook(urls: readonly string[], more: Partial<HookDefinition> = {}): HookDefinition {
  return { urls, protocol: koipy, timeoutMs: 5_000, onError: "continue", key: null, replyBytesMax: 1024, ...more };
}

describe("a call of one URL", () => {
  it("continues with the payload itself after an empty reply", async () => {
    const payload = { result: { a: 1 } };
    const { ports, posts } = scene({ one: { reply: silent, tookMs: 7 } });
    const outcome = await runHook(hook(["one"]), payload, ports);
    expect(outcome).toEqual({
      action: "continue",
      reason: null,
      attachments: [],
      data: payload,
      httpStatus: 204,
      durationMs: 7,
      error: null,
      errorDetail: null,
    });
    expect(outcome.data).toBe(payload);
    expect(posts).toEqual([{ url: "one", body: payload, options: { timeoutMs: 5_000, replyBytesMax: 1024 } }]);
  });

  it("rejects with the reason that the server sent", async () => {
    const { ports } = scene({ one: { reply: veto } });
    expect(await runHook(hook(["one"]), {}, ports)).toMatchObject({
      action: "reject",
      reason: "你已被拉黑!",
      httpStatus: 403,
      error: null,
    });
  });

  it("hides the hook's addresses in the text of an error page", async () => {
    const url = "http://10.1.2.3:9000/hooks/s3cret";
    const page = "Traceback: POST http://10.1.2.3:9000/hooks/s3cret failed at 10.1.2.3, see http://other.example/a";
    const { ports } = scene({ [url]: { reply: { status: 500, headers: {}, body: bytes(page) } } });
    const { reason } = await runHook(hook([url, "http://other.example/a"]), {}, ports);
    expect(reason).toBe("Traceback: POST [callback server] failed at [callback server], see [callback server]");
  });
});

describe("a call of several URLs", () => {
  it("calls them in order, each with the data so far, and collects their attachments", async () => {
    const { ports, posts } = scene({
      one: { reply: jsonReply({ result: { a: 2, b: 2 } }) },
      two: { reply: image },
      three: { reply: jsonReply({ result: { b: 3 } }) },
      four: { reply: text },
    });
    const payload = { result: { a: 1 } };
    const outcome = await runHook(hook(["one", "two", "three", "four"]), payload, ports);
    expect(posts.map(({ url, body }) => [url, body])).toEqual([
      ["one", { result: { a: 1 } }],
      ["two", { result: { a: 2, b: 2 } }],
      ["three", { result: { a: 2, b: 2 } }],
      ["four", { result: { a: 2, b: 3 } }],
    ]);
    expect(outcome).toMatchObject({
      action: "continue",
      data: { result: { a: 2, b: 3 } },
      attachments: [{ kind: "image" }, { kind: "text" }],
      durationMs: 4,
    });
    expect(payload).toEqual({ result: { a: 1 } });
  });

  it("ends at the first rejection, with the data and attachments of earlier replies", async () => {
    const { ports, posts } = scene({ one: { reply: image }, two: { reply: veto } });
    const outcome = await runHook(hook(["one", "two", "three"]), { result: {} }, ports);
    expect(posts.map(({ url }) => url)).toEqual(["one", "two"]);
    expect(outcome).toMatchObject({ action: "reject", reason: "你已被拉黑!", attachments: [{ kind: "image" }] });
  });

  it("gives every post a request id of its own", async () => {
    const ids: unknown[] = [];
    const { ports } = scene({ one: { reply: silent }, two: { reply: silent } });
    const post: HookPorts["post"] = (url, headers, body, options) => {
      ids.push(headers[headers.indexOf("ringback-request-id") + 1]);
      return ports.post(url, headers, body, options);
    };
    await runHook(hook(["one", "two"], { protocol: jsonHook }), {}, { ...ports, post });
    expect(ids).toEqual(["request-1", "request-2"]);
  });

  it("has one deadline for all of them", async () => {
    const { ports, posts } = scene({
      one: { reply: silent, tookMs: 3_000.5 },
      two: { reply: silent, tookMs: 1_999.5 },
    });
    const outcome = await runHook(hook(["one", "two", "three"]), {}, ports);
    expect(posts.map(({ options }) => options.timeoutMs)).toEqual([5_000, 2_000]);
    expect(outcome).toMatchObject({ action: "continue", error: "timeout", durationMs: 5_000, httpStatus: 204 });
  });

  it("rejects when the time limit expires before the last URL, if failures reject", async () => {
    const { ports, posts } = scene({ one: { reply: silent, tookMs: 6_000 } });
    const outcome = await runHook(hook(["one", "two"], { onError: "reject" }), {}, ports);
    expect(outcome).toMatchObject({ action: "reject", reason: failureReasons.timeout, error: "timeout" });
    expect(posts).toHaveLength(1);
  });
});

describe("a failure of one URL", () => {
  const failures = ["unreachable", "timeout", "reply_too_large", "bad_reply"] as const;

  it.each(failures)("continues after %s, and reports it", async (error) => {
    const { ports, posts } = scene({
      one: { reply: jsonReply({ result: { a: 1 } }) },
      two: { reply: { error } },
      three: { reply: { error: "unreachable" } },
      four: { reply: jsonReply({ result: { b: 2 } }) },
    });
    const outcome = await runHook(hook(["one", "two", "three", "four"]), {}, ports);
    expect(posts).toHaveLength(4);
    expect(outcome).toMatchObject({ action: "continue", reason: null, data: { result: { a: 1, b: 2 } }, error });
  });

  it.each(failures)("ends with a fixed sentence after %s, if failures reject", async (error) => {
    const { ports, posts } = scene({ one: { reply: image }, two: { reply: { error } } });
    const outcome = await runHook(hook(["one", "two", "three"], { onError: "reject" }), { a: 1 }, ports);
    expect(posts).toHaveLength(2);
    expect(outcome).toMatchObject({
      action: "reject",
      reason: failureReasons[error],
      attachments: [{ kind: "image" }],
      data: { a: 1 },
      error,
      httpStatus: 200,
    });
  });

  it("includes a reply that the dialect cannot use, and keeps its status", async () => {
    const { ports } = scene({ one: { reply: broken } });
    expect(await runHook(hook(["one"]), {}, ports)).toMatchObject({
      action: "continue",
      error: "bad_reply",
      httpStatus: 200,
    });
    const failing = scene({ one: { reply: { ...silent, status: 503 } } });
    expect(await runHook(hook(["one"], { protocol: jsonHook, onError: "reject" }), {}, failing.ports)).toMatchObject({
      action: "reject",
      reason: failureReasons.http_status,
      error: "http_status",
      httpStatus: 503,
    });
  });

  it.each([undefined, 1n, "text", []])(
    "is a payload that the dialect cannot carry, and then nothing is sent",
    async (payload) => {
      const { ports, posts } = scene({});
      expect(await runHook(hook(["one"]), payload, ports)).toEqual({
        action: "continue",
        reason: null,
        attachments: [],
        data: payload,
        httpStatus: null,
        durationMs: 0,
        error: "unencodable",
        errorDetail: expect.any(String),
      });
      expect(posts).toHaveLength(0);
    },
  );

  it("excludes an error of the dialect itself, which is thrown", async () => {
    const faulty: HookProtocol = {
      ...koipy,
      encode: () => {
        throw new RangeError("a fault");
      },
    };
    await expect(runHook(hook(["one"], { protocol: faulty }), {}, scene({}).ports)).rejects.toThrow(RangeError);
  });

  it("waits for a dialect that answers with promises", async () => {
    const slow: HookProtocol = {
      ...koipy,
      encode: (call) => Promise.resolve(koipy.encode(call)),
      interpret: (reply, call) => Promise.resolve(koipy.interpret(reply, call)),
    };
    const { ports } = scene({ one: { reply: veto } });
    expect(await runHook(hook(["one"], { protocol: slow }), {}, ports)).toMatchObject({ action: "reject" });
  });
});

describe("the partial reply of a failed POST", () => {
  const failures = ["bad_reply", "reply_too_large", "timeout", "aborted", "unreachable"] as const;
  const dialects = [koipy, jsonHook] as const;

  it.each(failures.flatMap((error) => dialects.map((protocol) => [error, protocol] as const)))(
    "is a rejection when it refuses: after %s",
    async (error, protocol) => {
      const { ports, posts } = scene({ one: { reply: { error, partial: veto } } });
      expect(await runHook(hook(["one", "two"], { protocol }), { a: 1 }, ports)).toMatchObject({
        action: "reject",
        reason: "你已被拉黑!",
        data: { a: 1 },
        httpStatus: 403,
        error: null,
      });
      expect(posts).toHaveLength(1);
    },
  );

  it("rejects without the hook's addresses, and keeps the error of an earlier URL", async () => {
    const url = "http://10.1.2.3:9000/s3cret";
    const partial = { status: 500, headers: {}, body: bytes(`at ${url}`) };
    const { ports } = scene({
      one: { reply: { error: "unreachable" } },
      [url]: { reply: { error: "bad_reply", partial } },
    });
    expect(await runHook(hook(["one", url]), {}, ports)).toMatchObject({
      action: "reject",
      reason: "at [callback server]",
      error: "unreachable",
    });
  });

  it.each([
    ["text", text],
    ["an image", image],
    ["data to merge", jsonReply({ result: { a: 2 } })],
    ["nothing", silent],
    ["a 400", { ...veto, status: 400 }],
  ])("is nothing when it would go on: with %s", async (_, partial) => {
    const payload = { result: { a: 1 } };
    const { ports } = scene({ one: { reply: { error: "timeout", partial } } });
    const outcome = await runHook(hook(["one"]), payload, ports);
    expect(outcome).toMatchObject({ action: "continue", attachments: [], httpStatus: null, error: "timeout" });
    expect(outcome.data).toBe(payload);
  });

  it("is ignored when the dialect reports a failure for it as well", async () => {
    const { ports } = scene({ one: { reply: { error: "bad_reply", partial: { ...veto, status: 503 } } } });
    expect(await runHook(hook(["one"], { protocol: jsonHook }), {}, ports)).toMatchObject({
      action: "continue",
      error: "bad_reply",
    });
  });

  it("is ignored in a dialect with keys, even if the whole token of a rejection arrived", async () => {
    const key = { kid: "0", jwk: { kty: "oct", k: "MDEyMzQ1Njc4OWFiY2RlZg" } };
    const refusal = await opencard.reply(
      { action: "reject", reason: "no" },
      { payload: null, requestId: "request-1", key },
    );
    const whole: HookReply = { status: 200, headers: {}, body: Buffer.from(refusal.body) };
    const card = hook(["one"], { protocol: opencard, key });
    const outcomeOf = (reply: HookReply | FailedPost) =>
      runHook(card, {}, { ...scene({}).ports, post: () => Promise.resolve(reply) });
    expect(await outcomeOf(whole)).toMatchObject({ action: "reject", reason: "no", error: null });
    for (const partial of [whole, { ...whole, body: whole.body.subarray(0, -1) }, { ...whole, status: 403 }]) {
      expect(await outcomeOf({ error: "bad_reply", partial })).toMatchObject({
        action: "continue",
        error: "bad_reply",
      });
    }
    const cut = { ...whole, body: whole.body.subarray(0, -1) };
    expect(await outcomeOf(cut)).toMatchObject({ action: "continue", error: "bad_reply" });
  });
});

describe("a call that its caller aborts", () => {
  it("calls no URL when it was aborted before", async () => {
    const { ports, posts } = scene({}, { signal: AbortSignal.abort() });
    expect(await runHook(hook(["one", "two"]), {}, ports)).toMatchObject({ action: "continue", error: "aborted" });
    expect(posts).toHaveLength(0);
  });

  it("passes the signal to the transport, and calls no further URL", async () => {
    const given = new AbortController();
    const { ports, posts } = scene({ one: { reply: { error: "aborted" } } }, { signal: given.signal });
    expect(await runHook(hook(["one", "two"]), {}, ports)).toMatchObject({ error: "aborted" });
    expect(posts.map(({ options }) => options.signal)).toEqual([given.signal]);
  });
});

it("the fixed reasons contain no address and end with a full stop", () => {
  for (const sentence of Object.values(failureReasons)) expect(sentence).toMatch(/^[A-Z][a-z' ]+\.$/);
});
