/** Real: the transport, sockets, servers. Faked: time. The servers reply, and timeouts expire, when a test says so. */

import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { limits } from "../../domain/limits.ts";
import { createTransport } from "../../transport/transport-by-scheme.ts";
import type { Transport } from "../../transport/port.ts";
import { eventually } from "../../transport/testing/eventually.ts";
import { ManualTime } from "../../transport/testing/manual-time.ts";
import { closeClean } from "../../transport/testing/posting.ts";
import { RawReceiver } from "../../transport/testing/raw-receiver.ts";
import type { RawConnection } from "../../transport/testing/raw-receiver.ts";
import { MemoryBudget } from "./memory-budget.ts";
import type { AccountId } from "../../domain/model.ts";
import { CallPosts, targetsOf } from "./hook-post.ts";

const allowed = { timeoutMs: 5_000, replyBytesMax: 1024 * 1024 };
const hello = new TextEncoder().encode("{}");

let time: ManualTime;
let transport: Transport;
beforeEach(() => {
  time = new ManualTime();
  transport = createTransport({ allowPrivateNetworks: true, clock: time, timers: time });
});
afterEach(() => closeClean(transport));

function callTo(url: string, bytes = new MemoryBudget(64 * 1024 * 1024)) {
  const posts = new CallPosts(transport, bytes.share(), targetsOf([url], 1 as AccountId));
  const post = (options: Partial<typeof allowed> = {}) =>
    posts.post(url, ["content-type", "application/json"], hello, { ...allowed, ...options });
  return { posts, post };
}

const answering =
  (text: string) =>
  ({ socket }: RawConnection) =>
    void socket.write(text);
const ok = (body: string) => `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

describe("a hook's POST", () => {
  it("returns the whole reply, even if it arrives byte by byte, and reuses the connection", async () => {
    const body = "x".repeat(3_000);
    const chunks = "1\r\nx\r\n".repeat(body.length);
    await using receiver = await RawReceiver.start(({ socket }, requestNumber) => {
      socket.write(
        requestNumber === 1 ? ok(body) : `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}0\r\n\r\n`,
      );
    });
    const { post, posts } = callTo(`${receiver.origin}/path?q=1`);
    for (let i = 0; i < 2; i++) {
      const reply = await post();
      expect(reply).toMatchObject({ status: 200 });
      expect("body" in reply && Buffer.from(reply.body).toString()).toBe(body);
    }
    expect(receiver.connections).toHaveLength(1);
    expect(receiver.connections[0]?.received()).toMatch(/^POST \/path\?q=1 HTTP\/1\.1\r\n/);
    expect(posts.firstFailure).toBeNull();
  });

  it.each<[string, string, string, string]>([
    ["has a body that is too large", ok("x".repeat(2_000)), "reply_too_large", "reply_too_large"],
    ["is cut off", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort", "bad_reply", "connection_reset"],
    ["ends within the headers", "HTTP/1.1 200 OK\r\nContent-Le", "unreachable", "connection_reset"],
    ["is not HTTP", "SSH-2.0-OpenSSH_9.2\r\n\r\n", "bad_reply", "bad_reply"],
    [
      "has two lengths",
      "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
      "bad_reply",
      "bad_reply",
    ],
  ])("whose reply %s ends with an error", async (_what, text, error, below) => {
    await using receiver = await RawReceiver.start(({ socket }) => void socket.end(text));
    const { post, posts } = callTo(receiver.origin);
    expect(await post({ replyBytesMax: 1_024 })).toMatchObject({ error });
    expect(posts.firstFailure?.error).toBe(below);
  });

  it("says that the reply was cut off, without an address", async () => {
    const text = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort";
    await using receiver = await RawReceiver.start(({ socket }) => void socket.end(text));
    const detail = "the connection was closed in the middle of the reply";
    expect(await callTo(receiver.origin).post()).toMatchObject({ error: "bad_reply", detail });
  });

  it("is ended at the size limit when the reply never ends", async () => {
    await using receiver = await RawReceiver.start(({ socket }) => {
      socket.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
      const more = () => {
        while (!socket.destroyed && socket.write(`4000\r\n${"x".repeat(0x4000)}\r\n`));
        if (!socket.destroyed) socket.once("drain", more);
      };
      more();
    });
    expect(await callTo(receiver.origin).post()).toMatchObject({ error: "reply_too_large" });
    await eventually(() => receiver.connections[0]?.closed()).toBe(true);
  });

  it("ends at its timeout when there is no reply", async () => {
    await using receiver = await RawReceiver.start(() => {});
    const posted = callTo(receiver.origin).post();
    await eventually(() => receiver.requests).toBe(1);
    time.advance(allowed.timeoutMs);
    expect(await posted).toEqual({ error: "timeout", detail: expect.stringMatching(/^no .* within \d+ ms$/) });
  });

  const refusal = "HTTP/1.1 403 Forbidden\r\nX-A: 1\r\n";
  // oxlint-disable-next-line unicorn/consistent-function-scoping -- read beside the tests that use it
  const partialReply = (error: string, body: string) => ({
    error,
    detail: expect.any(String),
    partial: {
      status: 403,
      headers: expect.objectContaining({ "x-a": "1" }),
      body: new Uint8Array(Buffer.from(body)),
    },
  });

  it("whose rejection stops short of its length returns the received part at its timeout", async () => {
    await using receiver = await RawReceiver.start(answering(`${refusal}Content-Length: 9\r\n\r\nnot`));
    let isReceived = false;
    const onChunk = (): void => void (isReceived = true);
    subscribe("undici:request:bodyChunkReceived", onChunk);
    const posted = callTo(receiver.origin).post();
    await eventually(() => isReceived).toBe(true);
    unsubscribe("undici:request:bodyChunkReceived", onChunk);
    time.advance(allowed.timeoutMs);
    expect(await posted).toEqual(partialReply("timeout", "not"));
  });

  it.each<[string, string, string, string]>([
    ["is too large", `Content-Length: 2000\r\n\r\n${"no".repeat(1000)}`, "reply_too_large", "no".repeat(512)],
    ["ends inside a chunk", "Transfer-Encoding: chunked\r\n\r\n3\r\nnot\r\nzz\r\n", "bad_reply", "not"],
  ])("whose rejection %s returns the received part", async (_what, rest, error, body) => {
    await using receiver = await RawReceiver.start(answering(refusal + rest));
    expect(await callTo(receiver.origin).post({ replyBytesMax: 1024 })).toEqual(partialReply(error, body));
  });

  it("returns the received part of an incomplete reply", async () => {
    await using receiver = await RawReceiver.start(
      ({ socket }) => void socket.end(`${refusal}Content-Length: 9\r\n\r\nnot`),
    );
    expect(await callTo(receiver.origin).post()).toMatchObject({
      error: "bad_reply",
      partial: { status: 403, body: new Uint8Array(Buffer.from("not")) },
    });
  });

  it("reports only that the endpoint is unreachable when it refuses connections or its address is denied", async () => {
    const receiver = await RawReceiver.start(() => {});
    const { origin } = receiver;
    await receiver[Symbol.asyncDispose]();
    const refused = callTo(origin);
    expect(await refused.post()).toEqual({ error: "unreachable" });
    expect(refused.posts.firstFailure?.error).toBe("connect_refused");
    await closeClean(transport);
    transport = createTransport({ allowPrivateNetworks: false });
    const denied = callTo("http://169.254.169.254/latest/meta-data");
    expect(await denied.post()).toEqual({ error: "unreachable" });
    expect(denied.posts.firstFailure?.error).toBe("address_denied");
  });

  it("follows no redirect", async () => {
    await using receiver = await RawReceiver.start(
      answering("HTTP/1.1 307 Temporary Redirect\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n"),
    );
    expect(await callTo(receiver.origin).post()).toMatchObject({ status: 307 });
    expect(receiver.requests).toBe(1);
  });

  it("ends when the server stops", async () => {
    await using receiver = await RawReceiver.start(() => {});
    const reply = callTo(receiver.origin).post();
    await eventually(() => receiver.requests).toBe(1);
    await transport.close();
    expect(await reply).toEqual({ error: "aborted" });
  });

  it("is refused as overloaded when all calls together use their memory budget", async () => {
    await using receiver = await RawReceiver.start(answering(ok("x".repeat(2_000))));
    const bytes = new MemoryBudget(7_000);
    const first = callTo(receiver.origin, bytes);
    expect(await first.post()).toMatchObject({ status: 200 });
    expect(bytes.used).toBe(2_000 * limits.hookAttachmentBytesFactor);
    await expect(callTo(receiver.origin, bytes).post()).rejects.toMatchObject({ code: "overloaded" });
  });

  it("counts a JSON reply with the memory for its parsed value", async () => {
    const json = "HTTP/1.1 200 OK\r\nContent-Type: Application/JSON; charset=utf-8\r\nContent-Length: 2000\r\n\r\n";
    await using receiver = await RawReceiver.start(answering(json + "x".repeat(2_000)));
    const bytes = new MemoryBudget(2_000 * (limits.hookJsonBytesFactor + 2));
    expect(await callTo(receiver.origin, bytes).post()).toMatchObject({ status: 200 });
    expect(bytes.used).toBe(2_000 * limits.hookJsonBytesFactor);
    // The budget is enough for the reply's bytes, but not for its parsed value.
    await expect(callTo(receiver.origin, bytes).post()).rejects.toMatchObject({ code: "overloaded" });
  });

  it("accepts at most hookJsonReplyBytesMax of JSON, whatever the hook's own limit", async () => {
    const length = limits.hookJsonReplyBytesMax + 1;
    const head = `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n`;
    await using receiver = await RawReceiver.start(({ socket }) => void socket.write(head + " ".repeat(length)));
    const post = callTo(receiver.origin).post({ replyBytesMax: 2 * length });
    expect(await post).toMatchObject({ error: "reply_too_large" });
  });

  it("keeps no more of an incomplete reply than a rejection needs", async () => {
    const begun = `HTTP/1.1 403 Forbidden\r\nContent-Length: 1000000\r\n\r\n${"x".repeat(500_000)}`;
    await using receiver = await RawReceiver.start(({ socket }) => void socket.end(begun));
    const bytes = new MemoryBudget(500_000 + 64 * 1024 * limits.hookAttachmentBytesFactor);
    const result = await callTo(receiver.origin, bytes).post();
    expect("partial" in result && result.partial?.body.byteLength).toBe(64 * 1024);
  });
});

describe("a call's share of the memory budget", () => {
  it("is returned once, however often it is released", () => {
    const bytes = new MemoryBudget(100);
    const [one, two] = [bytes.share(), bytes.share()];
    expect([one.take(60), two.take(40), two.take(1), one.take(0)]).toEqual([true, true, false, true]);
    one.release();
    one.release();
    expect(bytes.used).toBe(40);
    expect(one.take(60)).toBe(true);
    one.release();
    two.release();
    expect(bytes.used).toBe(0);
  });
});
