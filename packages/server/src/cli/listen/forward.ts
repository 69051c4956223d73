import { randomInt } from "node:crypto";
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { BoundedBytes, type EncodedRequest, type OutgoingDelivery, type ProtocolKey } from "@ringback/sdk/protocols";
import type { Forwarding, PulledMessage, ReceivedReply, SentRequest } from "./delivery.ts";

/** The part of a reply that is kept and shown. */
const replyBytesMax = 64 * 1024;

export interface Sender {
  readonly topic: string;
  readonly subscription: string;
  readonly topicOwner: number;
  readonly keys: readonly ProtocolKey[];
}

/** Encodes a message as the server would for a push. Throws `UnencodableError`. */
export async function encodeMessage(
  { protocol, url, headers }: Forwarding,
  sender: Sender,
  message: PulledMessage,
  nowMs: number,
): Promise<SentRequest> {
  const { id, receives, publishedAt, body, bodyBase64, contentType, tags, type, orderingKey, attributes } = message;
  const outgoing: OutgoingDelivery = {
    topicOwner: sender.topicOwner,
    topic: sender.topic,
    subscription: sender.subscription,
    messageId: id,
    requestId: String(randomInt(1, 2 ** 47)),
    attempt: receives,
    publishedAtMs: Date.parse(publishedAt),
    sentAtMs: nowMs,
    body: body === undefined ? Buffer.from(bodyBase64 ?? "", "base64") : Buffer.from(body),
    contentType,
    tags,
    type,
    orderingKey,
    attributes,
  };
  const keys = protocol.keys === "none" ? [] : sender.keys.slice(0, protocol.signingKeysMax);
  const encoded: EncodedRequest = await protocol.encode(outgoing, keys);
  const target = new URL(url);
  if (encoded.query !== undefined) target.search += `${target.search === "" ? "?" : "&"}${encoded.query}`;
  return { url: target.href, headers: [...encoded.headers, ...headers], body: encoded.body };
}

/** POSTs the request. Rejects with an `Error` if no reply comes in time. Redirects are not followed. */
export function post(request: SentRequest, timeoutMs: number, signal: AbortSignal): Promise<ReceivedReply> {
  const { promise, resolve, reject } = Promise.withResolvers<ReceivedReply>();
  const url = new URL(request.url);
  const headers = [...request.headers, "Content-Length", String(request.body.byteLength), "Host", url.host];
  const timeout = AbortSignal.timeout(timeoutMs);
  const send = url.protocol === "https:" ? httpsRequest : httpRequest;
  const fail = (error: Error): void =>
    reject(timeout.aborted ? new Error(`no reply within ${timeoutMs / 1000} s`) : new Error(reasonOf(error, url)));
  const outgoing = send(url, { method: "POST", headers, signal: AbortSignal.any([timeout, signal]), agent: false });
  outgoing.on("error", fail).on("response", (incoming) => {
    const body = new BoundedBytes(replyBytesMax);
    const finish = (): void => {
      const known = Object.entries(incoming.headersDistinct).map(([name, [first = ""] = []]) => [name, first] as const);
      resolve({ status: incoming.statusCode ?? 0, headers: Object.fromEntries(known), body: body.bytes() });
    };
    incoming
      .on("data", (piece: Buffer) => {
        if (body.append(piece)) return;
        finish();
        incoming.destroy();
      })
      .on("end", finish)
      .on("error", fail);
  });
  // Without a listener, Node would close the connection and report nothing.
  outgoing.on("upgrade", (_incoming, socket) => {
    socket.destroy();
    fail(new Error("the program replied 101, but the request asks for no other protocol"));
  });
  outgoing.end(request.body);
  return promise;
}

function reasonOf(error: Error, url: URL): string {
  const code = "code" in error ? error.code : undefined;
  if (code === "ECONNREFUSED") return `no program listens at ${url.origin}`;
  if (code === "ECONNRESET") return "the program closed the connection without a reply";
  return error.message === "" ? error.name : error.message;
}
