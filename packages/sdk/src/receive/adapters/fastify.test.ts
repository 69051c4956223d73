import type { AddressInfo } from "node:net";
import fastify from "fastify";
import { describe, expect, it } from "vitest";

import type { ReceivedRequest, Receiver } from "../receiver.ts";
import { describeAdapter } from "../testing/adapter-contract.ts";
import { latin1, post, sent } from "../testing/raw-http.ts";
import { serveFastify } from "../testing/servers.ts";
import { toFastifyPlugin } from "./fastify.ts";
import { toNodeHandler } from "./node.ts";

describeAdapter("fastify", serveFastify);

describe("the adapter for Fastify", () => {
  it("does not change the application's own parsing", async () => {
    await using app = await withRoute();
    const json = ["Content-Type: application/json"];
    const own = await sent(app.port, post("/own", json, latin1('{"a": 1}')));
    expect(Buffer.from(own.body).toString()).toBe('{"parsed":{"a":1}}');
    expect((await sent(app.port, post("/own", json, latin1("{")))).status).toBe(400);
    expect((await sent(app.port, post("/own", ["Content-Type: no/such"], latin1("x")))).status).toBe(415);
    await sent(app.port, post("/callbacks", json, latin1('{"a": 1}')));
    expect(Buffer.from(app.requests[0]?.body ?? []).toString()).toBe('{"a": 1}');
  });

  it("receives requests at its prefix and below only, with the whole path", async () => {
    await using app = await withRoute();
    for (const path of ["/callbacks", "/callbacks/", "/callbacks/onMessage?a=1"]) {
      expect((await sent(app.port, post(path, [], latin1("")))).status).toBe(200);
    }
    expect((await sent(app.port, post("/callbackss", [], latin1("")))).status).toBe(404);
    expect(app.requests.map(({ path }) => path)).toEqual(["/callbacks", "/callbacks/", "/callbacks/onMessage?a=1"]);
  });

  it("runs after the application's own onRequest hooks, which may refuse", async () => {
    await using app = await withRoute();
    expect((await sent(app.port, post("/callbacks", ["x-refuse: yes"], latin1("")))).status).toBe(401);
    expect(app.requests).toEqual([]);
  });

  it("works without a socket, under inject()", async () => {
    await using app = await withRoute();
    const reply = await app.inject({ method: "POST", url: "/callbacks", payload: "text" });
    expect(reply.statusCode).toBe(200);
    expect(Buffer.from(app.requests[0]?.body ?? []).toString()).toBe("text");
  });
});

describe("the handler for node:http in a route of Fastify", () => {
  const request = post("/hook", ["Content-Type: application/json"], latin1('{ "a": 1.0 }'));

  it("takes the bytes that the application's parser has kept", async () => {
    await using app = await withHandler(true);
    expect((await sent(app.port, request)).status).toBe(204);
    expect(app.bodies).toEqual(['{ "a": 1.0 }']);
  });

  it("answers 500 if the bytes are gone", async () => {
    await using app = await withHandler(false);
    expect((await sent(app.port, request)).status).toBe(500);
    expect(app.bodies).toEqual([]);
  });
});

/** `keeps`: as NestJS with `rawBody: true`, the application's parser keeps the bytes. */
async function withHandler(keeps: boolean) {
  const bodies: string[] = [];
  const handle = toNodeHandler({
    bodyBytesMax: 1000,
    handle: ({ body }) => {
      bodies.push(Buffer.from(body).toString());
      return Promise.resolve({ status: 204, headers: {}, body: "" });
    },
  });
  const app = fastify();
  app.addContentTypeParser<Buffer>("application/json", { parseAs: "buffer" }, (request, body, done) => {
    if (keeps) Object.assign(request, { rawBody: body });
    done(null, JSON.parse(body.toString()));
  });
  app.post("/hook", async (request, reply) => handle(request, reply));
  await app.listen({ port: 0, host: "127.0.0.1" });
  const { port } = app.server.address() as AddressInfo;
  return { port, bodies, [Symbol.asyncDispose]: () => app.close() };
}

async function withRoute() {
  const requests: ReceivedRequest[] = [];
  const receiver: Receiver = {
    bodyBytesMax: 1000,
    handle: (request) => Promise.resolve({ status: 200, headers: {}, body: String(requests.push(request)) }),
  };
  const app = fastify();
  app.addHook("onRequest", async (request, reply) => {
    if (request.headers["x-refuse"] !== undefined) await reply.code(401).send();
  });
  app.post("/own", (request) => ({ parsed: request.body }));
  await app.register(toFastifyPlugin(receiver), { prefix: "/callbacks" });
  await app.listen({ port: 0, host: "127.0.0.1" });
  const { port } = app.server.address() as AddressInfo;
  return { port, requests, inject: app.inject.bind(app), [Symbol.asyncDispose]: () => app.close() };
}
