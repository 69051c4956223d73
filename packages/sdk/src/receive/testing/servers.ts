/** Each adapter with a real server on the loopback interface, set up as in a program. */

import { createServer } from "node:http";
import type { IncomingMessage, RequestListener, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import type { ReadableStream } from "node:stream/web";

import express from "express";
import fastify from "fastify";
import { Hono } from "hono";
import Koa from "koa";

import { toExpressHandler } from "../adapters/express.ts";
import { toFastifyPlugin } from "../adapters/fastify.ts";
import { toFetchHandler } from "../adapters/fetch.ts";
import { toKoaMiddleware } from "../adapters/koa.ts";
import { toNodeHandler } from "../adapters/node.ts";
import type { Receiver } from "../receiver.ts";

export interface RunningServer {
  readonly port: number;
  close(): Promise<void>;
}

export type Serve = (receiver: Receiver) => Promise<RunningServer>;

export const serveNode: Serve = (receiver) => listening(createServer(toNodeHandler(receiver)));

export const serveFetch: Serve = (receiver) => listening(createServer(fetchListener(toFetchHandler(receiver))));

export const serveHono: Serve = (receiver) => {
  const handler = toFetchHandler(receiver);
  const app = new Hono();
  app.all("*", (context) => handler(context.req.raw));
  return listening(createServer(fetchListener((request) => app.fetch(request))));
};

export const serveExpress: Serve = (receiver) => {
  const app = express();
  app.use(toExpressHandler(receiver));
  // Registered after the receiver, where an application may use any parser.
  app.use(express.json());
  return listening(createServer(app));
};

export const serveFastify: Serve = async (receiver) => {
  const app = fastify({ bodyLimit: 10 });
  await app.register(toFastifyPlugin(receiver));
  await app.listen({ port: 0, host: "127.0.0.1" });
  return { port: (app.server.address() as AddressInfo).port, close: () => app.close() };
};

export const serveKoa: Serve = (receiver) => {
  const app = new Koa();
  app.silent = true;
  app.use(toKoaMiddleware(receiver));
  // oxlint-disable-next-line typescript/no-misused-promises -- Koa's listener never rejects
  return listening(createServer(app.callback()));
};

export async function listening(server: Server): Promise<RunningServer> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** A minimal platform that serves a Fetch handler on `node:http`. */
export function fetchListener(handler: (request: Request) => Response | Promise<Response>): RequestListener {
  return (incoming, outgoing) => {
    bridge(handler, incoming, outgoing).catch(() => outgoing.destroy());
  };
}

async function bridge(
  handler: (request: Request) => Response | Promise<Response>,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const response = await handler(toRequest(incoming));
  outgoing.writeHead(response.status, Object.fromEntries(response.headers));
  outgoing.end(new Uint8Array(await response.arrayBuffer()));
  // The connection is closed, because unread bytes of a body would be read as the next request.
  if (!incoming.readableEnded) outgoing.once("finish", () => incoming.destroy());
}

function toRequest(incoming: IncomingMessage): Request {
  const headers = new Headers();
  for (const [name, values] of Object.entries(incoming.headersDistinct)) {
    for (const value of values ?? []) headers.append(name, value);
  }
  const method = incoming.method ?? "GET";
  const hasBody = method !== "GET" && method !== "HEAD";
  return new Request(`http://localhost${incoming.url}`, {
    method,
    headers,
    body: hasBody ? (Readable.toWeb(incoming) as ReadableStream<Uint8Array>) : null,
    duplex: "half",
  });
}
