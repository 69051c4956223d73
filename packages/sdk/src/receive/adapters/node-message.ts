/**
 * What the adapters for Node's servers share: reading a request of `node:http`, writing its response. Only the members
 * that are used are asked for, so that nothing of Node is imported.
 */

import { BoundedBytes } from "../../protocols/bounded-bytes.ts";
import type { ReceiverReply } from "../../protocols/protocol.ts";
import { failureReply } from "../answering.ts";
import { ReceiveError } from "../receive-error.ts";
import type { ReceivedRequest, Receiver } from "../receiver.ts";
import { replyTo } from "./safe-reply.ts";
import { announcedLength } from "./announced-length.ts";

/** What is used of `http.IncomingMessage` (and of HTTP/2's request in its compatible form). */
export interface NodeRequest {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  /** Node has joined repeated ones as their kind asks for, and decoded values with one byte per character. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly destroyed: boolean;
  /** Whether anything has got bytes from it yet. */
  readonly readableDidRead: boolean;
  /** Whether anything has read to its end, be it an empty one. */
  readonly readableEnded: boolean;
  on(event: "data" | "end" | "error" | "close", listener: (piece: Uint8Array) => void): unknown;
  destroy(): unknown;
}

/** What is used of `http.ServerResponse`. */
export interface NodeResponse {
  readonly headersSent: boolean;
  destroy(): unknown;
  writeHead(status: number, headers: Record<string, string>): unknown;
  end(): unknown;
  end(body: Uint8Array): unknown;
}

/**
 * What is read and thrown away of a body after it has been refused as too large. Most senders look at the reply only
 * when they have written everything; past this the connection is cut.
 */
export const discardedBytesMax = 8 * 1024 * 1024;

/** Reads the request, lets the receiver answer, writes the answer. Never rejects. */
export async function exchange(
  receiver: Receiver,
  request: NodeRequest,
  response: NodeResponse,
  path: string = request.url ?? "/",
): Promise<void> {
  const bodyOf = () => readBody(request, receiver.bodyBytesMax);
  const reply = await replyTo(receiver, bodyOf, (body) => toReceivedRequest(request, path, body));
  writeReply(request, response, reply);
}

export function toReceivedRequest(request: NodeRequest, path: string, body: Uint8Array): ReceivedRequest {
  // Without a prototype: a header may be named like one of its members.
  const headers: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const [name, value] of Object.entries(request.headers)) {
    if (value !== undefined) headers[name] = typeof value === "string" ? value : value.join(", ");
  }
  return { method: request.method ?? "", path, headers, body };
}

export function writeReply(request: NodeRequest, response: NodeResponse, reply: ReceiverReply): void {
  try {
    write(request, response, reply);
  } catch {
    // Node refuses a status or a header before it writes anything; past that the reply cannot be mended, only ended.
    if (response.headersSent) response.destroy();
    else write(request, response, failureReply());
  }
}

function write(request: NodeRequest, response: NodeResponse, reply: ReceiverReply): void {
  if (reply.status === 204 || reply.status === 304) {
    response.writeHead(reply.status, { ...reply.headers });
    response.end();
    return;
  }
  const body = typeof reply.body === "string" ? new TextEncoder().encode(reply.body) : reply.body;
  response.writeHead(reply.status, { ...reply.headers, "content-length": String(body.length) });
  // A server can be told to throw at a body where there must be none.
  if (request.method === "HEAD") response.end();
  else response.end(body);
}

function readBody(request: NodeRequest, bodyBytesMax: number): Promise<Uint8Array> {
  const contentLength = request.headers["content-length"];
  const announced = announcedLength(typeof contentLength === "string" ? contentLength : undefined);
  const body = new BoundedBytes(bodyBytesMax, announced);
  let tooLarge = announced > bodyBytesMax;
  let discardedBytes = 0;
  return new Promise((resolve, reject) => {
    if (request.destroyed || request.readableEnded) reject(new ReceiveError("body_incomplete"));
    if (tooLarge) reject(new ReceiveError("body_too_large"));
    request.on("data", (piece) => {
      if (!tooLarge && body.append(piece)) return;
      tooLarge = true;
      reject(new ReceiveError("body_too_large"));
      discardedBytes += piece.length;
      if (discardedBytes > discardedBytesMax) request.destroy();
    });
    request.on("end", () => resolve(body.taken()));
    // Each comes after `end` as well and changes nothing then. Unheard, an `error` would end the process.
    request.on("error", () => reject(new ReceiveError("body_incomplete")));
    request.on("close", () => reject(new ReceiveError("body_incomplete")));
  });
}
