/**
 * Every request that docs/guide/receiving.md lists as refused, and what it does to others. Real: servers, sockets, all
 * bytes. The signatures are made by Standard Webhooks' own library. Nothing is faked.
 */
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import express from "express";
import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { toExpressHandler } from "./adapters/express.ts";
import { createWebhookReceiver } from "./create-webhook-receiver.ts";
import type { ReceiveError } from "./receive-error.ts";
import { chunk, chunkedHead, latin1, post, RawConnection, sent } from "./testing/raw-http.ts";
import { listening, type RunningServer, serveExpress, serveFastify, serveFetch, serveNode } from "./testing/servers.ts";

const secret = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
const stranger = "whsec_ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA=";
const guide = readFileSync(new URL("../../../../docs/guide/receiving.md", import.meta.url), "utf8");

interface Signed {
  readonly id: string;
  readonly body?: string;
  readonly by?: string;
  readonly atMs?: number;
}

/** Returns the lines of the three headers: id, timestamp, signature. */
function signed({ id, body = "{}", by = secret, atMs = Date.now() }: Signed): readonly [string, string, string] {
  const at = new Date(atMs);
  const seconds = Math.floor(atMs / 1000);
  return [
    `webhook-id: ${id}`,
    `webhook-timestamp: ${seconds}`,
    `webhook-signature: ${new Webhook(by).sign(id, at, body)}`,
  ];
}

const whole = (lines: readonly string[], body: string | Uint8Array = "{}") =>
  post("/", lines, typeof body === "string" ? latin1(body) : body);

const [id, timestamp, signature] = signed({ id: "msg_7" });
const forged = signed({ id: "msg_7", by: stranger })[2];

const announced = [
  "POST / HTTP/1.1",
  "Host: localhost",
  "Content-Length: 20000000",
  id,
  timestamp,
  signature,
  "",
  '{"a":1}',
];

/** The reason in the guide's table, and the request. */
const refused: readonly (readonly [what: string, code: string, status: number, request: () => Buffer])[] = [
  ["a forged signature", "untrusted: wrong_signature", 403, () => whole([id, timestamp, forged])],
  ["a changed body", "untrusted: wrong_signature", 403, () => whole([id, timestamp, signature], '{"a":1}')],
  ["no signature", "untrusted: no_signature", 403, () => whole([id, timestamp])],
  ["a signature of another form", "untrusted: malformed", 403, () => whole([id, timestamp, "webhook-signature: x"])],
  ["a signature header twice", "untrusted: malformed", 403, () => whole([id, timestamp, signature, forged])],
  ["a forged signature header first", "untrusted: malformed", 403, () => whole([id, timestamp, forged, signature])],
  ["a timestamp header twice", "undecodable", 400, () => whole([id, timestamp, timestamp, signature])],
  ["an id header twice", "untrusted: wrong_signature", 403, () => whole([id, id, timestamp, signature])],
  ["no id", "undecodable", 400, () => whole([timestamp, signature])],
  [
    "an old timestamp",
    "untrusted: timestamp_out_of_tolerance",
    403,
    () => whole(signed({ id: "msg_8", atMs: Date.now() - 600_000 })),
  ],
  [
    "a timestamp of the future",
    "untrusted: timestamp_out_of_tolerance",
    403,
    () => whole(signed({ id: "msg_8", atMs: Date.now() + 600_000 })),
  ],
  // The sender of a large body reads the reply while it sends. Later the connection is closed.
  ["an announced body of 20 MB", "body_too_large", 413, () => latin1(announced.join("\r\n"))],
  [
    "an endless body in chunks",
    "body_too_large",
    413,
    () => Buffer.concat([chunkedHead("/", [id, timestamp, signature]), chunk(new Uint8Array(2 * 1024 * 1024 + 1))]),
  ],
  ["another method", "wrong_method", 405, () => latin1("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")],
];

describe.each([
  { adapter: "node:http", serve: serveNode },
  { adapter: "Fetch", serve: serveFetch },
  { adapter: "Express", serve: serveExpress },
  { adapter: "Fastify", serve: serveFastify },
])("behind $adapter, a receiver of webhooks", ({ serve }) => {
  let server: RunningServer;
  const handled: (string | null)[] = [];
  let reasons: string[] = [];
  beforeAll(async () => {
    server = await serve(
      createWebhookReceiver({
        secrets: secret,
        deduplicate: true,
        onMessage: ({ messageId }) => void handled.push(messageId),
        onRefused: ({ code, reason }: ReceiveError) => reasons.push(reason === null ? code : `${code}: ${reason}`),
      }),
    );
  });
  afterAll(() => server.close());

  it.each(refused)("refuses %s as %s, with status %d", async (_what, code, status, request) => {
    reasons = [];
    const reply = await sent(server.port, request());
    expect(reply.status).toBe(status);
    expect(reasons).toEqual([code]);
    // The reply says nothing about the check that has failed.
    expect(Buffer.from(reply.body).toString()).not.toMatch(/signature|timestamp|webhook-/);
    expect(handled).not.toContain("msg_7");
    for (const part of code.split(": ")) expect(guide.includes(`\`${part}\``), `the guide names ${part}`).toBe(true);
  });

  it("handles a message that is sent again once, and answers both with success", async () => {
    const request = whole(signed({ id: `again_${server.port}` }));
    for (let times = 0; times < 3; times++) expect((await sent(server.port, request)).status).toBe(204);
    expect(handled.filter((one) => one === `again_${server.port}`)).toHaveLength(1);
  });

  it("answers others while bodies never end", async () => {
    const lines = signed({ id: "msg_9" });
    const endless = await Promise.all(Array.from({ length: 50 }, () => RawConnection.to(server.port)));
    for (const [at, connection] of endless.entries()) {
      connection.send(at % 2 === 0 ? chunkedHead("/", lines) : post("/", lines, latin1("{}")).subarray(0, -1));
      if (at % 2 === 0) connection.send(chunk(latin1("{")));
    }
    for (let at = 0; at < 20; at++) {
      for (const connection of endless.filter((_one, index) => index % 2 === 0)) connection.send(chunk(latin1(" ")));
      expect((await sent(server.port, whole(signed({ id: `honest_${at}` })))).status).toBe(204);
    }
    for (const connection of endless) connection.cut();
    expect(handled.filter((one) => one?.startsWith("honest_"))).toHaveLength(20);
    expect(handled).not.toContain("msg_9");
  });
});

it("a receiver after a body parser refuses every body whose bytes are gone, and says how to keep them", async () => {
  const messages: string[] = [];
  const receiver = createWebhookReceiver({
    secrets: secret,
    onMessage: () => undefined,
    onRefused: (error) => messages.push(`${error.code}: ${error.message}`),
  });
  const app = express();
  app.set("env", "test");
  app.use(express.json(), toExpressHandler(receiver));
  const server = await listening(createServer(app));
  const lines = [...signed({ id: "msg_1" }), "Content-Type: application/json"];
  expect((await sent(server.port, whole(lines))).status).toBe(500);
  expect(messages).toEqual([expect.stringMatching(/^body_already_read: .*rawBody/)]);
  await server.close();
});
