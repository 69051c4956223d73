/** Each dialect's receiver with each adapter. Real: servers, sockets and receivers. Faked: the handlers. */

import { describe, expect, it } from "vitest";

import type { Receiver } from "./receiver.ts";
import { dialectSamples } from "./testing/dialect-samples.ts";
import type { RawReply } from "./testing/raw-http.ts";
import { sent } from "./testing/raw-http.ts";
import type { Serve } from "./testing/servers.ts";
import { serveExpress, serveFastify, serveFetch, serveHono, serveNode } from "./testing/servers.ts";

describe.each([
  { adapter: "node:http", serve: serveNode },
  { adapter: "Fetch", serve: serveFetch },
  { adapter: "Hono", serve: serveHono },
  { adapter: "Express", serve: serveExpress },
  { adapter: "Fastify", serve: serveFastify },
])("behind $adapter", ({ serve }) => {
  it.each(dialectSamples)("a receiver of $dialect accepts its own requests", async ({ receiver, taken }) => {
    const handled: string[] = [];
    const reply = await replyOf(serve, receiver(handled), await taken.request());
    expect(handled).toEqual([taken.handled]);
    expect(reply.status).toBe(taken.status);
    expect(await (taken.read ?? asText)(reply)).toBe(taken.body);
  });

  it.each(dialectSamples)("a receiver of $dialect refuses other requests", async ({ receiver, refused }) => {
    const handled: string[] = [];
    const reply = await replyOf(serve, receiver(handled), await refused.request());
    expect(reply.status).toBe(refused.status);
    expect(handled).toEqual([]);
  });
});

async function replyOf(serve: Serve, receiver: Receiver, request: Buffer): Promise<RawReply> {
  const server = await serve(receiver);
  try {
    return await sent(server.port, request);
  } finally {
    await server.close();
  }
}

function asText(reply: RawReply): string {
  return Buffer.from(reply.body).toString();
}
