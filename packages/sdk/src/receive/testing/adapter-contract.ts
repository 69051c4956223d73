/**
 * Tests of the behaviour that every adapter has. Real: the server, the sockets and all bytes. Faked: the receiver. The
 * faked receiver records its requests and returns the test's answers.
 */

import { afterEach, describe, expect, it, vi } from "vitest";

import { raw } from "../../protocols/raw.ts";
import { fullRequest } from "../../protocols/testing/raw.vectors.ts";
import type { ReceiverReply } from "../../protocols/protocol.ts";
import { createReceiver } from "../create-receiver.ts";
import type { ReceivedRequest, Receiver } from "../receiver.ts";
import { RawConnection, chunk, chunkedHead, chunkedPost, latin1, post, sent } from "./raw-http.ts";
import { asPost } from "./recorded.ts";
import type { RunningServer, Serve } from "./servers.ts";

const bodyBytesMax = 100_000;
const everyByte = Uint8Array.from({ length: 256 }, (_, byte) => byte);
const nothing = new Uint8Array(0);
const ok: ReceiverReply = { status: 200, headers: {}, body: "ok" };

export function describeAdapter(name: string, serve: Serve): void {
  describe(`${name}, as every adapter,`, () => {
    const servers: RunningServer[] = [];
    afterEach(async () => {
      await Promise.all(servers.splice(0).map((server) => server.close()));
    });

    async function started(receiver: Receiver): Promise<number> {
      const server = await serve(receiver);
      servers.push(server);
      return server.port;
    }

    /** A receiver that records its requests. */
    async function keeping(answer: (request: ReceivedRequest) => ReceiverReply | Promise<ReceiverReply> = () => ok) {
      const requests: ReceivedRequest[] = [];
      const port = await started({
        bodyBytesMax,
        handle: async (request) => {
          requests.push(request);
          return await answer(request);
        },
      });
      return { port, requests };
    }

    it("passes on method, path with query, and the body's exact bytes", async () => {
      const { port, requests } = await keeping();
      const reply = await sent(port, post("/a/b%2Fc?x=1&y=%20", [], everyByte));
      expect(reply.status).toBe(200);
      expect(requests).toHaveLength(1);
      expect(requests[0]).toMatchObject({ method: "POST", path: "/a/b%2Fc?x=1&y=%20" });
      expect(requests[0]?.body).toEqual(everyByte);
    });

    it("passes on headers under lower-case names, one character for each byte", async () => {
      const { port, requests } = await keeping();
      const visible = String.fromCharCode(...everyByte.filter((byte) => byte > 0x20 && byte !== 0x7f));
      await sent(port, post("/", ["X-Every-Byte: " + visible, "X-Empty:"], nothing));
      expect(requests[0]?.headers["x-every-byte"]).toBe(visible);
      expect(requests[0]?.headers["x-empty"]).toBe("");
      expect(requests[0]?.headers["x-missing"]).toBeUndefined();
    });

    it("joins the values of a repeated header", async () => {
      const { port, requests } = await keeping();
      await sent(port, post("/", ["x-tag: a", "X-Tag: b"], nothing));
      expect(requests[0]?.headers["x-tag"]).toBe("a, b");
    });

    it("is not misled by headers that are named like an object's members", async () => {
      const { port, requests } = await keeping();
      await sent(port, post("/", ["__proto__: hostile", "constructor: hostile"], nothing));
      expect(requests).toHaveLength(1);
      expect(Object.getPrototypeOf(requests[0]?.headers)).toBeNull();
      expect(requests[0]?.headers["tostring"]).toBeUndefined();
      expect(({} as Record<string, unknown>)["hostile"]).toBeUndefined();
    });

    it.each([
      ["of length 0", post("/", [], nothing)],
      ["of length 0, called JSON", post("/", ["Content-Type: application/json"], nothing)],
      ["without a length", latin1("POST / HTTP/1.1\r\nHost: localhost\r\n\r\n")],
      ["in no chunks", chunkedPost("/", [], [])],
    ])("passes on an empty body %s", async (_, request) => {
      const { port, requests } = await keeping();
      expect((await sent(port, request)).status).toBe(200);
      expect(requests).toHaveLength(1);
      expect(requests[0]?.body).toEqual(nothing);
    });

    it.each([
      ["application/json"],
      ["application/json; charset=utf-16"],
      ["text/plain; charset=latin1"],
      ["application/x-www-form-urlencoded"],
      ["multipart/form-data; boundary=x"],
      ["application/vnd.unknown+zip"],
      ['no/such/thing;;;=="\\'],
      ["nonsense"],
      ["\u00ff"],
      [""],
    ])("leaves the body alone when its content type is %j", async (contentType) => {
      const { port, requests } = await keeping();
      const reply = await sent(port, post("/", [`Content-Type: ${contentType}`], everyByte));
      expect(reply.status).toBe(200);
      expect(requests[0]?.body).toEqual(everyByte);
      expect(requests[0]?.headers["content-type"]).toBe(contentType);
    });

    it("never decompresses a body, so that no body can exceed the limit", async () => {
      const { port, requests } = await keeping();
      await sent(port, post("/", ["Content-Encoding: gzip", "Content-Type: application/json"], everyByte));
      expect(requests[0]?.body).toEqual(everyByte);
    });

    it("accepts a body in chunks of any size", async () => {
      const { port, requests } = await keeping();
      const whole = Uint8Array.from({ length: 60_000 }, (_, at) => (at * 7) % 251);
      const pieces = [1, 2, 3, 4094, 16_384, 39_000].map((length, index, lengths) => {
        const start = lengths.slice(0, index).reduce((sum, other) => sum + other, 0);
        return whole.subarray(start, index === lengths.length - 1 ? whole.length : start + length);
      });
      await sent(port, chunkedPost("/", [], pieces));
      expect(Buffer.compare(requests[0]?.body ?? nothing, whole)).toBe(0);
    });

    it("accepts a body in chunks of one byte", async () => {
      const { port, requests } = await keeping();
      const whole = Uint8Array.from({ length: 5000 }, (_, at) => at % 256);
      await sent(
        port,
        chunkedPost(
          "/",
          [],
          Array.from(whole, (byte) => Uint8Array.of(byte)),
        ),
      );
      expect(Buffer.compare(requests[0]?.body ?? nothing, whole)).toBe(0);
    });

    it("accepts a body of exactly the size limit", async () => {
      const { port, requests } = await keeping();
      const body = new Uint8Array(bodyBytesMax).fill(7);
      expect((await sent(port, post("/", [], body))).status).toBe(200);
      expect((await sent(port, chunkedPost("/", [], [body.subarray(1), Uint8Array.of(9)]))).status).toBe(200);
      expect(requests.map((request) => request.body.length)).toEqual([bodyBytesMax, bodyBytesMax]);
    });

    it("answers 413 to one byte more", async () => {
      const { port, requests } = await keeping();
      const body = new Uint8Array(bodyBytesMax + 1);
      expect((await sent(port, post("/", [], body))).status).toBe(413);
      expect((await sent(port, chunkedPost("/", [], [body]))).status).toBe(413);
      expect(requests).toEqual([]);
    });

    it.each(["100001", "99999999999", "999999999999999"])(
      "answers 413 to an announced length of %s before any of it has come",
      async (length) => {
        const { port, requests } = await keeping();
        const head = latin1(`POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${length}\r\n\r\n`);
        expect((await sent(port, head)).status).toBe(413);
        expect(requests).toEqual([]);
      },
    );

    it("answers 413 as soon as an endless body without an announced length exceeds the limit", async () => {
      const { port, requests } = await keeping();
      const reply = await sent(port, Buffer.concat([chunkedHead("/", []), chunk(new Uint8Array(bodyBytesMax + 1))]));
      expect(reply.status).toBe(413);
      expect(requests).toEqual([]);
    });

    it("sends 100 Continue to a sender that waits for it", async () => {
      const { port, requests } = await keeping();
      const connection = await RawConnection.to(port);
      connection.send(
        latin1("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 256\r\nExpect: 100-continue\r\n\r\n"),
      );
      await connection.received("100 Continue");
      connection.send(everyByte);
      expect((await connection.reply())?.status).toBe(200);
      connection.close();
      expect(requests[0]?.body).toEqual(everyByte);
    });

    it("reads the bytes after the announced length as the next request", async () => {
      const { port, requests } = await keeping();
      const head = latin1("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\n");
      const connection = await RawConnection.to(port);
      connection.send(Buffer.concat([head, latin1("abc"), post("/next", [], latin1("def"))]));
      expect((await connection.reply())?.status).toBe(200);
      expect((await connection.reply())?.status).toBe(200);
      connection.close();
      expect(requests.map((request) => Buffer.from(request.body).toString())).toEqual(["abc", "def"]);
    });

    it.each([
      ["two lengths", "Content-Length: 3\r\nContent-Length: 4"],
      ["a length that is no number", "Content-Length: 0x10"],
      ["a length below zero", "Content-Length: -1"],
      ["a length besides chunks", "Content-Length: 3\r\nTransfer-Encoding: chunked"],
    ])("lets no request with %s through", async (_, lines) => {
      const { port, requests } = await keeping();
      const reply = await sent(
        port,
        latin1(`POST / HTTP/1.1\r\nHost: localhost\r\n${lines}\r\n\r\n3\r\nabc\r\n0\r\n\r\n`),
      );
      expect(reply.status).toBe(400);
      expect(requests).toEqual([]);
    });

    it.each([
      ["cut off", (connection: RawConnection) => connection.cut()],
      ["ended early", (connection: RawConnection) => connection.endSending()],
    ])("passes on nothing of an upload that is %s, and continues to serve", async (_, stop) => {
      const { port, requests } = await keeping();
      const connection = await RawConnection.to(port);
      connection.send(
        latin1("POST /cut HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n"),
      );
      // The server is reading the body at this point.
      await connection.received("100 Continue");
      connection.send(latin1("abc"));
      stop(connection);
      expect((await sent(port, post("/next", [], latin1("whole")))).status).toBe(200);
      await connection.ended();
      connection.close();
      expect(requests.map((request) => request.path)).toEqual(["/next"]);
    });

    it("answers with the reply's bytes and headers, and adds no content type", async () => {
      const headers = { "x-name": "Zo\u00c3\u00ab", "content-disposition": 'attachment; filename="a.bin"' };
      const { port } = await keeping(() => ({ status: 201, headers, body: everyByte }));
      const reply = await sent(port, post("/", [], nothing));
      expect(reply.status).toBe(201);
      expect(reply.headers).toMatchObject(headers);
      expect(reply.headers["content-type"]).toBeUndefined();
      expect(reply.body).toEqual(everyByte);
    });

    it("answers with text in UTF-8 under the reply's own content type", async () => {
      const headers = { "content-type": "text/plain" };
      const { port } = await keeping(() => ({ status: 403, headers, body: "拉黑" }));
      const reply = await sent(port, post("/", [], nothing));
      expect(reply).toMatchObject({ status: 403, headers });
      expect(Buffer.from(reply.body).toString()).toBe("拉黑");
    });

    it("answers 204 without a body", async () => {
      const { port } = await keeping(() => ({ status: 204, headers: {}, body: "" }));
      const reply = await sent(port, post("/", [], nothing));
      expect(reply.status).toBe(204);
      expect(reply.headers["content-length"]).toBeUndefined();
    });

    it("answers with a large body whole", async () => {
      const body = new Uint8Array(3_000_000).fill(5);
      const { port } = await keeping(() => ({ status: 200, headers: {}, body }));
      expect(Buffer.compare((await sent(port, post("/", [], nothing))).body, body)).toBe(0);
    });

    it.each<[string, () => ReceiverReply]>([
      [
        "throws",
        () => {
          throw new Error("a secret");
        },
      ],
      ["answers with a header that cannot be sent", () => ({ status: 200, headers: { "x-a": "b\r\nc: d" }, body: "" })],
      ["answers with a status that is none", () => ({ status: 99, headers: {}, body: "" })],
      ["answers with a list of numbers", () => ({ ...ok, body: [1, 2] as unknown as string })],
      ["answers with an object", () => ({ ...ok, body: { length: 3 } as unknown as string })],
      ["answers with a number", () => ({ ...ok, body: 5 as unknown as string })],
      ["answers without a body", () => ({ status: 200, headers: {} }) as unknown as ReceiverReply],
      ["answers with nothing", () => undefined as unknown as ReceiverReply],
    ])("answers 500 without details for a receiver that %s, and goes on serving", async (_, answer) => {
      const { port } = await keeping((request) => (request.path === "/bad" ? answer() : ok));
      const reply = await sent(port, post("/bad", [], nothing));
      expect(reply.status).toBe(500);
      expect(Buffer.from(reply.body).toString()).toBe("not handled");
      expect(reply.headers["c"]).toBeUndefined();
      expect((await sent(port, post("/", [], nothing))).status).toBe(200);
    });

    it.each([
      ["an ArrayBuffer", everyByte.slice().buffer],
      ["a view of larger numbers", new Uint32Array(everyByte.slice().buffer)],
    ])("answers with the bytes of %s", async (_, body) => {
      const { port } = await keeping(() => ({ ...ok, body: body as unknown as Uint8Array }));
      expect((await sent(port, post("/", [], nothing))).body).toEqual(everyByte);
    });

    it("lets the receiver answer an oversized body, and reports it without the body", async () => {
      const refused: [string, ReceivedRequest][] = [];
      const port = await started({
        bodyBytesMax,
        handle: async () => ok,
        refuse: async ({ code }, request) => {
          refused.push([code, request]);
          return { status: 400, headers: { "x-said": "by the receiver" }, body: "" };
        },
      });
      const body = new Uint8Array(bodyBytesMax + 1);
      for (const request of [post("/large?a=1", ["x-a: b"], body), chunkedPost("/large?a=1", ["x-a: b"], [body])]) {
        const reply = await sent(port, request);
        expect(reply).toMatchObject({ status: 400, headers: { "x-said": "by the receiver" } });
        expect(reply.body).toEqual(nothing);
      }
      const headers: unknown = expect.objectContaining({ "x-a": "b" });
      const reported = ["body_too_large", { method: "POST", path: "/large?a=1", body: nothing, headers }];
      expect(refused).toEqual([reported, reported]);
    });

    it("reports an upload that is cut off to the receiver", async () => {
      const codes: string[] = [];
      const port = await started({
        bodyBytesMax,
        handle: async () => ok,
        refuse: async ({ code }) => {
          codes.push(code);
          return ok;
        },
      });
      const connection = await RawConnection.to(port);
      connection.send(
        latin1("POST / HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n"),
      );
      await connection.received("100 Continue");
      connection.send(latin1("abc"));
      connection.cut();
      await vi.waitFor(() => expect(codes).toEqual(["body_incomplete"]), { timeout: 15_000 });
    });

    it("answers 500 for a receiver whose refusal fails", async () => {
      const port = await started({
        bodyBytesMax,
        handle: async () => ok,
        refuse: () => Promise.reject(new Error("a secret")),
      });
      expect((await sent(port, post("/", [], new Uint8Array(bodyBytesMax + 1)))).status).toBe(500);
    });

    it("answers only after the handler has ended", async () => {
      const finishing: ((reply: ReceiverReply) => void)[] = [];
      const { port } = await keeping(() => new Promise((resolve) => finishing.push(resolve)));
      let answered = false;
      const reply = sent(port, post("/", [], nothing)).finally(() => (answered = true));
      await vi.waitFor(() => expect(finishing).toHaveLength(1), { timeout: 15_000 });
      expect(answered).toBe(false);
      finishing[0]?.({ ...ok, status: 202 });
      expect((await reply).status).toBe(202);
    });

    it("answers each of many concurrent requests with its own answer, in any order", async () => {
      const waiting: (() => void)[] = [];
      const { port } = await keeping(
        (request) => new Promise((resolve) => waiting.push(() => resolve({ ...ok, body: request.body }))),
      );
      const bodies = Array.from({ length: 40 }, (_, at) => latin1(`message ${at}`));
      const replies = bodies.map((body) => sent(port, post("/", [], body)));
      await vi.waitFor(() => expect(waiting).toHaveLength(40), { timeout: 15_000 });
      for (const finish of waiting.toReversed()) finish();
      const answers = (await Promise.all(replies)).map((reply) => Buffer.from(reply.body).toString());
      expect(answers).toEqual(bodies.map((body) => body.toString()));
    });

    it("serves one request after the other on one connection", async () => {
      const { port, requests } = await keeping((request) => ({ ...ok, body: request.body }));
      const connection = await RawConnection.to(port);
      for (const text of ["first", "second", "third"]) {
        connection.send(post(`/${text}`, [], latin1(text)));
        expect(Buffer.from((await connection.reply())?.body ?? nothing).toString()).toBe(text);
      }
      connection.close();
      expect(requests.map((request) => request.path)).toEqual(["/first", "/second", "/third"]);
    });

    it.each(["GET", "PUT", "DELETE", "PATCH", "OPTIONS"])("answers 405 to the method %s", async (method) => {
      const onMessage = vi.fn<() => void>();
      const port = await started(createReceiver({ protocol: raw, onMessage }));
      const request = latin1(`${method} / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n`);
      expect(await sent(port, request)).toMatchObject({ status: 405, headers: { allow: "POST" } });
      expect(onMessage).not.toHaveBeenCalled();
    });

    it("answers 500 when the handler of a real receiver fails, and success when it does not", async () => {
      const onError = vi.fn<() => void>();
      const onMessage = vi.fn<() => Promise<void>>().mockRejectedValueOnce(new Error("a secret"));
      const port = await started(createReceiver({ protocol: raw, onMessage, onError }));
      const failed = await sent(port, asPost(fullRequest));
      expect(failed.status).toBe(500);
      expect(Buffer.from(failed.body).toString()).not.toContain("secret");
      expect(onError).toHaveBeenCalledOnce();
      expect((await sent(port, asPost(fullRequest))).status).toBe(204);
    });
  });
}
