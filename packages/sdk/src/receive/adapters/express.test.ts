import { createServer, type IncomingMessage } from "node:http";
import express from "express";
import { describe, expect, it } from "vitest";

import type { ReceivedRequest, Receiver } from "../receiver.ts";
import { describeAdapter } from "../testing/adapter-contract.ts";
import { chunkedPost, latin1, post, sent } from "../testing/raw-http.ts";
import { listening, serveExpress } from "../testing/servers.ts";
import { toExpressHandler } from "./express.ts";

describeAdapter("express", serveExpress);

const keepBytes = (request: IncomingMessage & { rawBody?: unknown }, _response: unknown, bytes: Buffer) => {
  request.rawBody = bytes;
};
const keepText = (request: IncomingMessage & { rawBody?: unknown }, _response: unknown, bytes: Buffer) => {
  request.rawBody = bytes.toString();
};

const claim: express.RequestHandler = (request, _response, next) => {
  Object.assign(request, { rawBody: Buffer.from("other") });
  next();
};

describe("the adapter for Express", () => {
  it("gets the whole path even when it is mounted at a sub-path", async () => {
    await using app = await behind();
    await sent(app.port, post("/callbacks/onMessage?a=1", [], latin1("")));
    expect(app.requests[0]?.path).toBe("/callbacks/onMessage?a=1");
  });

  it("passes on requests to other paths", async () => {
    await using app = await behind();
    expect((await sent(app.port, post("/elsewhere", [], latin1("")))).status).toBe(404);
    expect(app.requests).toEqual([]);
  });

  it("accepts the unchanged bytes that express.raw() has kept", async () => {
    await using app = await behind(express.raw({ type: () => true }));
    const everyByte = Uint8Array.from({ length: 256 }, (_, byte) => byte);
    await sent(app.port, post("/callbacks", ["Content-Type: application/json"], everyByte));
    expect(app.requests[0]?.body).toEqual(everyByte);
    expect(app.requests[0]?.body).not.toBeInstanceOf(Buffer);
  });

  it("accepts the text that express.text() has kept, in UTF-8", async () => {
    await using app = await behind(express.text({ type: () => true }));
    await sent(app.port, post("/callbacks", ["Content-Type: text/plain"], Buffer.from("拉黑")));
    expect(Buffer.from(app.requests[0]?.body ?? []).toString()).toBe("拉黑");
  });

  it.each([
    ["bytes", keepBytes],
    ["text", keepText],
  ])("accepts the %s that the option `verify` of a parser has kept in rawBody", async (_, verify) => {
    await using app = await behind(express.json({ verify }));
    const json = '{ "a": 1.0, "名": "拉黑" }';
    expect(
      (await sent(app.port, post("/callbacks", ["Content-Type: application/json"], Buffer.from(json)))).status,
    ).toBe(200);
    expect(Buffer.from(app.requests[0]?.body ?? []).toString()).toBe(json);
    expect(app.requests[0]?.body).not.toBeInstanceOf(Buffer);
  });

  it("answers 413 when the bytes in rawBody are more than the receiver's limit", async () => {
    await using app = await behind(express.json({ verify: keepBytes }));
    const json = Buffer.from(JSON.stringify("x".repeat(1001)));
    const lenient = post("/callbacks", ["Content-Type: application/json"], Buffer.from(`[${json.toString()}]`));
    expect((await sent(app.port, lenient)).status).toBe(413);
    expect(app.requests).toEqual([]);
  });

  it("does not use rawBody while the body is still unread", async () => {
    await using app = await behind(claim);
    await sent(app.port, post("/callbacks", [], latin1("sent")));
    expect(Buffer.from(app.requests[0]?.body ?? []).toString()).toBe("sent");
  });

  it("answers 413 when an earlier parser has a higher limit than the receiver", async () => {
    await using app = await behind(express.raw({ type: () => true }));
    expect((await sent(app.port, post("/callbacks", [], new Uint8Array(1001)))).status).toBe(413);
    expect(app.requests).toEqual([]);
  });

  it("reads the body itself when a parser has skipped it", async () => {
    await using app = await behind(express.json());
    await sent(app.port, post("/callbacks", ["Content-Type: text/plain"], latin1("{}")));
    expect(Buffer.from(app.requests[0]?.body ?? []).toString()).toBe("{}");
  });

  it.each([
    ["of length 0", post("/callbacks", ["Content-Type: application/json"], latin1(""))],
    ["in no chunks", chunkedPost("/callbacks", ["Content-Type: application/json"], [])],
  ])("knows an empty body %s whatever a parser made of it", async (_, request) => {
    await using app = await behind(express.json());
    expect((await sent(app.port, request)).status).toBe(200);
    expect(app.requests.map(({ body }) => body.length)).toEqual([0]);
  });

  it.each([
    ["with a length", post("/callbacks", ["Content-Type: application/json"], latin1('"a"'))],
    ["in chunks", chunkedPost("/callbacks", ["Content-Type: application/json"], [latin1('"a"')])],
  ])("refuses a text that was parsed from JSON, %s", async (_, request) => {
    await using app = await behind(express.json({ strict: false }));
    expect((await sent(app.port, request)).status).toBe(500);
    expect(app.requests).toEqual([]);
  });

  it("refuses a parsed object, and explains what to do", async () => {
    await using app = await behind(express.json());
    const reply = await sent(app.port, post("/callbacks", ["Content-Type: application/json"], latin1('{"a":1}')));
    expect(reply.status).toBe(500);
    expect(app.requests).toEqual([]);
    expect(app.errors).toMatchObject([{ code: "body_already_read" }]);
    expect(String(app.errors[0])).toContain("put the receiver before express.json()");
  });
});

/** An application with these parsers before the receiver. */
async function behind(...parsers: express.RequestHandler[]) {
  const requests: ReceivedRequest[] = [];
  const errors: unknown[] = [];
  const receiver: Receiver = {
    bodyBytesMax: 1000,
    handle: (request) => Promise.resolve({ status: 200, headers: {}, body: String(requests.push(request)) }),
  };
  const app = express();
  app.use(...parsers, (_request, _response, next) => next());
  app.use("/callbacks", toExpressHandler(receiver));
  app.use(((error, _request, response, _next) => {
    errors.push(error);
    response.status(500).end();
  }) satisfies express.ErrorRequestHandler);
  const server = await listening(createServer(app));
  return { port: server.port, requests, errors, [Symbol.asyncDispose]: () => server.close() };
}
