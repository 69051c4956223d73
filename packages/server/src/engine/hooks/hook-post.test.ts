/** Real: the transport, sockets, and programs that answer whatever a test likes. Fake: nothing. */

import { afterEach, describe, expect, it } from "vitest";
import { createHttpTransport } from "../../transport/http-transport.ts";
import type { Transport } from "../../transport/port.ts";
import { closeClean } from "../../transport/testing/posting.ts";
import { RawReceiver } from "../../transport/testing/raw-receiver.ts";
import type { RawConnection } from "../../transport/testing/raw-receiver.ts";
import { HeldBytes } from "./held-bytes.ts";
import { callPosts, placesOf } from "./hook-post.ts";

const allowed = { timeoutMs: 5_000, replyBytesMax: 1024 * 1024 };
const hello = new TextEncoder().encode("{}");

let transport: Transport = createHttpTransport({ allowPrivateNetworks: true });
afterEach(async () => {
  await closeClean(transport);
  transport = createHttpTransport({ allowPrivateNetworks: true });
});

function callTo(url: string, bytes = new HeldBytes(64 * 1024 * 1024)) {
  const posts = callPosts(transport, bytes.share(), placesOf([url]));
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
  it("brings the whole reply, also in pieces of one byte, and keeps its connection for the next", async () => {
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
    expect(posts.firstError).toBeNull();
  });

  it.each<[string, string, string, string]>([
    ["has a larger body than it may", ok("x".repeat(2_000)), "reply_too_large", "reply_too_large"],
    ["is cut off", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort", "bad_reply", "connection_reset"],
    ["has hardly begun", "HTTP/1.1 200 OK\r\nContent-Le", "unreachable", "connection_reset"],
    ["is no HTTP", "SSH-2.0-OpenSSH_9.2\r\n\r\n", "bad_reply", "bad_reply"],
    [
      "says two lengths",
      "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
      "bad_reply",
      "bad_reply",
    ],
  ])("whose reply %s ends with that", async (_what, text, error, below) => {
    await using receiver = await RawReceiver.start(({ socket }) => void socket.end(text));
    const { post, posts } = callTo(receiver.origin);
    expect(await post({ replyBytesMax: 1_024 })).toEqual({ error });
    expect(posts.firstError).toBe(below);
  });

  it("whose reply never ends is cut at its bound", async () => {
    await using receiver = await RawReceiver.start(({ socket }) => {
      socket.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
      const more = () => {
        while (!socket.destroyed && socket.write(`4000\r\n${"x".repeat(0x4000)}\r\n`));
        if (!socket.destroyed) socket.once("drain", more);
      };
      more();
    });
    expect(await callTo(receiver.origin).post()).toEqual({ error: "reply_too_large" });
    await expect.poll(() => receiver.connections[0]?.closed()).toBe(true);
  });

  it("that nobody answers ends in time, whatever trickles in", async () => {
    await using receiver = await RawReceiver.start(answering("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nx"));
    expect(await callTo(receiver.origin).post({ timeoutMs: 150 })).toEqual({ error: "timeout" });
  });

  it("to where nobody listens, or where nobody may go, says only that it could not be reached", async () => {
    const receiver = await RawReceiver.start(() => {});
    const { origin } = receiver;
    await receiver[Symbol.asyncDispose]();
    const refused = callTo(origin);
    expect(await refused.post()).toEqual({ error: "unreachable" });
    expect(refused.posts.firstError).toBe("connect_refused");
    await closeClean(transport);
    transport = createHttpTransport({ allowPrivateNetworks: false });
    const denied = callTo("http://169.254.169.254/latest/meta-data");
    expect(await denied.post()).toEqual({ error: "unreachable" });
    expect(denied.posts.firstError).toBe("address_denied");
  });

  it("follows no redirect", async () => {
    await using receiver = await RawReceiver.start(
      answering("HTTP/1.1 307 Temporary Redirect\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n"),
    );
    expect(await callTo(receiver.origin).post()).toMatchObject({ status: 307 });
    expect(receiver.requests).toBe(1);
  });

  it("ends with the server", async () => {
    await using receiver = await RawReceiver.start(() => {});
    const reply = callTo(receiver.origin).post();
    await expect.poll(() => receiver.requests).toBe(1);
    await transport.close();
    expect(await reply).toEqual({ error: "aborted" });
  });

  it("is refused as overloaded when all calls together hold as much as they may", async () => {
    await using receiver = await RawReceiver.start(answering(ok("x".repeat(2_000))));
    const bytes = new HeldBytes(3_000);
    const first = callTo(receiver.origin, bytes);
    expect(await first.post()).toMatchObject({ status: 200 });
    expect(bytes.held).toBe(2_000);
    await expect(callTo(receiver.origin, bytes).post()).rejects.toMatchObject({ code: "overloaded" });
  });
});

describe("what calls hold", () => {
  it("is given back once, however often that is asked for", () => {
    const bytes = new HeldBytes(100);
    const [one, two] = [bytes.share(), bytes.share()];
    expect([one.take(60), two.take(40), two.take(1), one.take(0)]).toEqual([true, true, false, true]);
    one.release();
    one.release();
    expect(bytes.held).toBe(40);
    expect(one.take(60)).toBe(true);
    one.release();
    two.release();
    expect(bytes.held).toBe(0);
  });
});
