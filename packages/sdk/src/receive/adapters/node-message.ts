/**
 * Reads requests and writes responses of `node:http`, for the adapters of Node's servers. The interfaces list only the
 * members that are used, so nothing of Node is imported.
 */

import { bytesOf } from "../../protocols/body-bytes.ts";
import type { ReceiverReply } from "../../protocols/protocol.ts";
import { type BodyFault, type BodyStream, readBody } from "../../protocols/stream-body.ts";
import { failureReply } from "../answering.ts";
import { ReceiveError, type ReceiveErrorCode } from "../receive-error.ts";
import type { Receiver } from "../receiver.ts";
import { refusal, replyTo, type RequestHead } from "./safe-reply.ts";
import { announcedLength } from "./announced-length.ts";

/** The members that are used of `http.IncomingMessage`, and of the compatible request of HTTP/2. */
export interface NodeRequest extends BodyStream {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  /**
   * Names and values. Node joins the values of a repeated header, by rules for each header. Values have one character
   * per byte.
   */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** Whether something has read bytes of the body. */
  readonly readableDidRead: boolean;
  /**
   * The bytes of the body, if other code has read and kept them: NestJS with `rawBody: true`, Firebase and Google Cloud
   * Functions, and the option `verify` of Express' body parsers.
   */
  readonly rawBody?: unknown;
  /** The result of a body parser that ran before the receiver. */
  readonly body?: unknown;
  destroy(): unknown;
}

/** The members of `http.ServerResponse` that are used. */
export interface NodeResponse {
  readonly headersSent: boolean;
  destroy(): unknown;
  writeHead(status: number, headers: Record<string, string>): unknown;
  end(): unknown;
  end(body: Uint8Array): unknown;
}

/**
 * The most bytes that are read and discarded after a body was refused as too large. Most senders read the reply only
 * after they have sent the whole request. When more bytes follow, the connection is closed.
 */
export const discardedBytesMax = 8 * 1024 * 1024;

/** Time limit of a body. Ringback and the platforms wait less for a reply. */
export const bodyMsMax = 60_000;

const errorCodes = {
  too_large: "body_too_large",
  incomplete: "body_incomplete",
  too_slow: "body_too_slow",
  too_many_pieces: "body_in_tiny_chunks",
  refused: "body_too_large",
} as const satisfies Record<BodyFault, ReceiveErrorCode>;

/** Reads the request and writes the receiver's answer. Never rejects. */
export async function exchange(
  receiver: Receiver,
  request: NodeRequest,
  response: NodeResponse,
  path: string = request.url ?? "/",
  source: ReturnType<typeof bodySource> = bodySource(request, receiver.bodyBytesMax),
): Promise<void> {
  const head = headOf(request, path);
  const reply = await (source instanceof ReceiveError
    ? refusal(receiver, source, head)
    : replyTo(receiver, head, source));
  try {
    write(request, response, reply);
  } catch {
    // Node throws for an invalid status or header before it writes. Once headers are sent, the response can only be
    // closed.
    if (response.headersSent) response.destroy();
    else write(request, response, failureReply());
  }
}

export function headOf(request: NodeRequest, path: string): RequestHead {
  // The object has no prototype, because a header can have the same name as a member of `Object.prototype`.
  const headers: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const [name, value] of Object.entries(request.headers)) {
    if (value !== undefined) headers[name] = typeof value === "string" ? value : value.join(", ");
  }
  return { method: request.method ?? "", path, headers };
}

function write(request: NodeRequest, response: NodeResponse, reply: ReceiverReply): void {
  if (reply.status === 204 || reply.status === 304) {
    response.writeHead(reply.status, { ...reply.headers });
    response.end();
    return;
  }
  const body = typeof reply.body === "string" ? new TextEncoder().encode(reply.body) : reply.body;
  response.writeHead(reply.status, { ...reply.headers, "content-length": String(body.length) });
  // The body is omitted, because Node can be configured to throw when a body is written where none is allowed.
  if (request.method === "HEAD") response.end();
  else response.end(body);
}

/** The members in which a framework keeps a body that it has read. */
export interface KeptBody {
  /** The bytes, or their text, before any parser. */
  readonly rawBody?: unknown;
  /** The result of the framework's parser: bytes and text are used, a parsed value is not. */
  readonly body?: unknown;
}

const howToKeepBytes =
  "a body parser has read the request and not kept its bytes: put the receiver before express.json() and " +
  "the like, put express.raw({ type: () => true }) before the receiver, or keep the bytes in request.rawBody " +
  "with the parser's option `verify`; with NestJS, create the application with { rawBody: true }; in a route of " +
  "Next's pages folder, export const config = { api: { bodyParser: false } }";

/**
 * Returns a function that reads the body, or that returns the bytes that a framework has kept of it. Returns a
 * {@link ReceiveError} if other code has read the body and its bytes are gone. A parsed value is never written again as
 * JSON: the bytes would not be the sender's, so that no signature would fit, and digits of large numbers would be lost.
 */
export function bodySource(
  request: NodeRequest,
  bytesMax: number,
  kept: KeptBody = request,
): (() => Uint8Array | Promise<Uint8Array>) | ReceiveError {
  const { readableDidRead, readableEnded } = request;
  // `body` does not show whether a parser ran: without a parser, Express 4 sets `body` to an empty object.
  if (!readableDidRead && !readableEnded) return () => streamedBody(request, bytesMax);
  // A body that ended unread had no bytes, whatever value the parser stored for it.
  const body = bytesOf(kept.rawBody) ?? (readableDidRead ? originalBytes(request, kept.body) : new Uint8Array(0));
  if (body === null) return new ReceiveError("body_already_read", { message: howToKeepBytes });
  return () => withinLimit(body, bytesMax);
}

/**
 * Returns bytes, or the UTF-8 of text that is the whole body. The text "a" may also be what a parser has made of the
 * JSON `"a"`, which is longer. So the text must have the announced length, or must not be called JSON.
 */
function originalBytes({ headers }: NodeRequest, body: unknown): Uint8Array | null {
  const bytes = bytesOf(body);
  if (bytes === null || typeof body !== "string") return bytes;
  const { "content-length": length, "content-type": type } = headers;
  if (typeof length === "string") return Number(length) === bytes.length ? bytes : null;
  return typeof type === "string" && /json/i.test(type) ? null : bytes;
}

/** Throws a {@link ReceiveError} if the body is too large. */
export function withinLimit(body: Uint8Array, bodyBytesMax: number): Uint8Array {
  if (body.length > bodyBytesMax) throw new ReceiveError("body_too_large");
  return body;
}

async function streamedBody(request: NodeRequest, bytesMax: number): Promise<Uint8Array> {
  const contentLength = request.headers["content-length"];
  const body = await readBody(request, {
    bytesMax,
    announcedBytes: announcedLength(typeof contentLength === "string" ? contentLength : undefined),
    timeMsMax: bodyMsMax,
    droppedBytesMax: discardedBytesMax,
    dropsFirst: false,
    exceeded: () => request.destroy(),
  });
  // A Buffer becomes a plain Uint8Array, because methods of Buffer such as slice behave differently.
  if (typeof body !== "string") return new Uint8Array(body.buffer, body.byteOffset, body.byteLength);
  throw new ReceiveError(errorCodes[body]);
}
