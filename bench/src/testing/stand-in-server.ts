/**
 * A server with some of Ringback's paths and none of its guarantees, for the tests of the benchmark. The server answers
 * 201 and forwards each message once. `STAND_IN_DROP_EVERY=n` drops every n-th delivery.
 */
import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import { parseArgs } from "node:util";
import { Agent } from "undici";

const { values } = parseArgs({
  allowPositionals: true,
  options: { listen: { type: "string" }, data: { type: "string" } },
});
const [host = "127.0.0.1", port = "0"] = (values.listen ?? "").split(":");
const dropEvery = Number(process.env["STAND_IN_DROP_EVERY"] ?? "0");

const hooks = new Map<string, URL>();
const agent = new Agent({ connections: 64, pipelining: 1 });
const urlsByTopic = new Map<string, Map<string, URL>>();
let messages = 0;
let deliveries = 0;

function forward(url: URL, id: string, body: string): void {
  deliveries += 1;
  if (dropEvery > 0 && deliveries % dropEvery === 0) return;
  const headers = { "content-type": "text/plain", "ringback-message-id": id };
  agent
    .request({ origin: url.origin, path: url.pathname, method: "POST", headers, body })
    .then((reply) => reply.body.dump())
    .catch(() => {});
}

function publish(topic: string, body: string): { id: string } {
  const id = String(++messages);
  for (const url of urlsByTopic.get(topic)?.values() ?? []) forward(url, id, body);
  return { id };
}

function answer(method: string, path: string, text: string): [status: number, document: unknown] {
  const [, , , topic = "", kind, name = ""] = path.split("/");
  if (path === "/healthz") return [200, { ok: true }];
  if (method === "PUT" && kind === undefined) {
    urlsByTopic.set(topic, urlsByTopic.get(topic) ?? new Map());
    return [201, {}];
  }
  if (method === "PUT") {
    const { push }: { push: { url: string } } = JSON.parse(text);
    urlsByTopic.get(topic)?.set(name, new URL(push.url));
    return [201, {}];
  }
  if (method !== "POST") return [404, {}];
  const document: { body: string; messages: { body: string }[] } = JSON.parse(text);
  if (name !== "batch") return [201, publish(topic, document.body)];
  return [201, { messages: document.messages.map(({ body }) => publish(topic, body)) }];
}

/** Calls a hook and answers with the part of the outcome that the benchmark reads. */
async function call(url: URL, body: string): Promise<[status: number, document: unknown]> {
  const headers = { "content-type": "application/json" };
  const reply = await agent.request({ origin: url.origin, path: url.pathname, method: "POST", headers, body });
  await reply.body.dump();
  return [200, { action: "continue" }];
}

async function answerHook(method: string, path: string, text: string): Promise<[status: number, document: unknown]> {
  const [, , , name = ""] = path.split("/");
  const known = hooks.get(name);
  if (method === "POST" && known !== undefined) return call(known, text);
  const { urls }: { urls: string[] } = JSON.parse(text);
  hooks.set(name, new URL(urls[0] ?? ""));
  return [201, {}];
}

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  let text = "";
  for await (const chunk of request) text += String(chunk);
  const isHook = request.url?.startsWith("/v1/hooks/") === true;
  const [status, document] = await (isHook ? answerHook : answer)(request.method ?? "", request.url ?? "", text);
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(document));
}

createServer((request, response) => void serve(request, response)).listen(Number(port), host);
process.once("SIGTERM", () => process.exit(0));
