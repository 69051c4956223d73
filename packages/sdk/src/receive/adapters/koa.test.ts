import { createServer } from "node:http";

import Koa from "koa";
import { describe, expect, it } from "vitest";

import { describeAdapter } from "../testing/adapter-contract.ts";
import { latin1, post, sent } from "../testing/raw-http.ts";
import { listening, serveKoa } from "../testing/servers.ts";
import type { ReceivedRequest, Receiver } from "../receiver.ts";
import { toKoaMiddleware } from "./koa.ts";

describeAdapter("koa", serveKoa);

const json = '{ "a": 1.0, "名": "拉黑" }';
const jsonPost = post("/callbacks?a=1", ["Content-Type: application/json"], Buffer.from(json));

describe("the adapter for Koa", () => {
  it.each(["rawBody", "body"])("accepts the text that a body parser has kept in %s", async (name) => {
    await using app = await behind(readInto(name, (text) => text));
    expect((await sent(app.port, jsonPost)).status).toBe(200);
    expect(app.requests[0]?.path).toBe("/callbacks?a=1");
    expect(Buffer.from(app.requests[0]?.body ?? []).toString()).toBe(json);
  });

  it("passes a parsed body without its bytes to Koa's error handling", async () => {
    await using app = await behind(readInto("body", (text) => JSON.parse(text) as unknown));
    expect((await sent(app.port, jsonPost)).status).toBe(500);
    expect(app.requests).toEqual([]);
    expect(app.errors).toMatchObject([{ code: "body_already_read" }]);
  });

  it("keeps the headers that earlier middleware has set", async () => {
    await using app = await behind(async (context, next) => {
      context.set("x-request-id", "7");
      await next();
    });
    const reply = await sent(app.port, post("/", [], latin1("1")));
    expect(reply).toMatchObject({ status: 200, headers: { "x-request-id": "7" } });
  });
});

/** A body parser that keeps what it has made of the body in a member of Koa's request. */
function readInto(name: string, parse: (text: string) => unknown): Koa.Middleware {
  return async (context, next) => {
    const pieces: Uint8Array[] = [];
    for await (const piece of context.req) pieces.push(piece as Uint8Array);
    Object.assign(context.request, { [name]: parse(Buffer.concat(pieces).toString()) });
    await next();
  };
}

async function behind(middleware: Koa.Middleware) {
  const requests: ReceivedRequest[] = [];
  const errors: unknown[] = [];
  const receiver: Receiver = {
    bodyBytesMax: 1000,
    handle: (request) => Promise.resolve({ status: 200, headers: {}, body: String(requests.push(request)) }),
  };
  const app = new Koa();
  app.on("error", (error) => errors.push(error));
  app.use(middleware);
  app.use(toKoaMiddleware(receiver));
  // oxlint-disable-next-line typescript/no-misused-promises -- Koa's listener never rejects
  const server = await listening(createServer(app.callback()));
  return { port: server.port, requests, errors, [Symbol.asyncDispose]: () => server.close() };
}
