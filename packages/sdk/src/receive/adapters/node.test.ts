import { createServer } from "node:http";
import { connect as connectHttp2, createServer as createHttp2Server } from "node:http2";
import type { AddressInfo } from "node:net";
import { describe, expect, it, vi } from "vitest";

import { raw } from "../../protocols/raw.ts";
import { createReceiver } from "../create-receiver.ts";
import type { ReceivedRequest, Receiver } from "../receiver.ts";
import { describeAdapter } from "../testing/adapter-contract.ts";
import { RawConnection, chunk, chunkedHead, latin1, post, sent } from "../testing/raw-http.ts";
import { listening, serveNode } from "../testing/servers.ts";
import { discardedBytesMax } from "./node-message.ts";
import { toNodeHandler } from "./node.ts";

describeAdapter("node:http", serveNode);

describe("the adapter for node:http", () => {
  const echo: Receiver = {
    bodyBytesMax: 10,
    handle: (request) => Promise.resolve({ status: 200, headers: {}, body: request.body }),
  };

  it("sends the length of its replies, which HTTP/1.0 clients need", async () => {
    await using server = await disposable(echo);
    expect((await sent(server.port, post("/", [], latin1("12345")))).headers["content-length"]).toBe("5");
  });

  it("keeps the connection of a sender whose body was a little too large", async () => {
    await using server = await disposable(echo);
    const connection = await RawConnection.to(server.port);
    connection.send(post("/", [], latin1("12345678901")));
    expect((await connection.reply())?.status).toBe(413);
    connection.send(post("/", [], latin1("1234567890")));
    expect((await connection.reply())?.status).toBe(200);
    connection.close();
  });

  it("continues to read a body that is too large, so that the sender reads the answer, and closes the connection at its limit", async () => {
    await using server = await disposable(echo);
    const connection = await RawConnection.to(server.port);
    connection.send(chunkedHead("/", []));
    const piece = chunk(new Uint8Array(1024 * 1024));
    for (let sentBytes = 0; sentBytes <= discardedBytesMax; sentBytes += 1024 * 1024) connection.send(piece);
    expect((await connection.reply())?.status).toBe(413);
    await connection.ended();
    connection.close();
  });

  it("closes the connection when the body of a reply cannot be written after its head", async () => {
    const server = createServer((request, response) => {
      response.end = () => {
        throw new Error("a body cannot be written");
      };
      toNodeHandler(echo)(request, response);
      response.flushHeaders();
    });
    const running = await listening(server);
    const connection = await RawConnection.to(running.port);
    connection.send(post("/", [], latin1("12345")));
    await connection.ended();
    connection.close();
    await running.close();
  });

  it("uses the bytes in rawBody when other code has read the body, as in NestJS and Firebase", async () => {
    const bodies: Uint8Array[] = [];
    const keeping: Receiver = {
      bodyBytesMax: 10,
      handle: ({ body }) => Promise.resolve({ status: 200, headers: {}, body: String(bodies.push(body)) }),
    };
    const reading = createServer((request, response) => {
      const pieces: Uint8Array[] = [];
      request.on("data", (piece: Uint8Array) => pieces.push(piece));
      request.on("end", () => {
        Object.assign(request, { rawBody: Buffer.concat(pieces) });
        toNodeHandler(keeping)(request, response);
      });
    });
    const server = await listening(reading);
    expect((await sent(server.port, post("/", [], latin1("1234567890")))).status).toBe(200);
    expect((await sent(server.port, post("/", [], latin1("12345678901")))).status).toBe(413);
    expect(bodies.map((body) => Buffer.from(body).toString())).toEqual(["1234567890"]);
    await server.close();
  });

  it.each([
    ["nothing", {}],
    ["a parsed value", { body: { a: 1 } }],
    ["a parsed text", { body: "1234567" }],
  ])("answers 500 when other code has read the body and kept %s, and says what to do", async (_, kept) => {
    const codes: string[] = [];
    const refusing = createReceiver({
      protocol: raw,
      onMessage: () => undefined,
      onRefused: (error) => codes.push(`${error.code}: ${error.message}`),
    });
    const reading = createServer((request, response) => {
      request.resume().on("end", () => toNodeHandler(refusing)(Object.assign(request, kept), response));
    });
    const server = await listening(reading);
    expect(await sent(server.port, post("/", [], latin1("123456789")))).toMatchObject({ status: 500 });
    expect(codes).toEqual([expect.stringMatching(/^body_already_read: .*keep the bytes in request\.rawBody/)]);
    await server.close();
  });

  it("says on the console what to do about a body that other code has read, unless the program has onRefused", async () => {
    const written = vi.spyOn(console, "error").mockImplementation(() => undefined);
    const receiver = createReceiver({ protocol: raw, onMessage: () => undefined });
    const server = await listening(
      createServer((request, response) => {
        request.resume().on("end", () => toNodeHandler(receiver)(request, response));
      }),
    );
    expect((await sent(server.port, post("/", [], latin1("123456789")))).status).toBe(500);
    expect(written.mock.calls).toEqual([
      ["A callback could not be read:", expect.stringContaining("create the application with { rawBody: true }")],
    ]);
    written.mockRestore();
    await server.close();
  });

  it("never passes on a part of a body that other code has begun to read", async () => {
    const codes: string[] = [];
    const refusing = createReceiver({
      protocol: raw,
      onMessage: () => undefined,
      onRefused: (error) => codes.push(error.code),
    });
    const reading = createServer((request, response) => {
      request.once("data", () => toNodeHandler(refusing)(request, response));
    });
    const server = await listening(reading);
    expect((await sent(server.port, post("/", [], latin1("123456789")))).status).toBe(500);
    expect(codes).toEqual(["body_already_read"]);
    await server.close();
  });

  it("serves HTTP/2 as well", async () => {
    const requests: ReceivedRequest[] = [];
    const keeping: Receiver = {
      bodyBytesMax: 10,
      handle: (request) => Promise.resolve({ status: 200, headers: {}, body: String(requests.push(request)) }),
    };
    const server = createHttp2Server(toNodeHandler(keeping));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const session = connectHttp2(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    const stream = session.request({ ":method": "POST", ":path": "/a?b" }).end("1234567890");
    const status = await new Promise((resolve) => stream.once("response", (headers) => resolve(headers[":status"])));
    stream.resume();
    await new Promise<void>((resolve) => session.close(resolve));
    await new Promise<void>((resolve) => server.close(() => resolve()));
    expect(status).toBe(200);
    expect(requests[0]).toMatchObject({ method: "POST", path: "/a?b" });
    expect(Buffer.from(requests[0]?.body ?? []).toString()).toBe("1234567890");
  });
});

async function disposable(receiver: Receiver) {
  const server = await listening(createServer(toNodeHandler(receiver)));
  return { port: server.port, [Symbol.asyncDispose]: () => server.close() };
}
