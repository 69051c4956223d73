import { BoundedBytes } from "../../protocols/bounded-bytes.ts";
import type { ReceiverReply } from "../../protocols/protocol.ts";
import { ReceiveError } from "../receive-error.ts";
import type { ReceivedRequest, Receiver } from "../receiver.ts";
import { failureReply } from "../answering.ts";
import { refusal, replyTo } from "./safe-reply.ts";
import { announcedLength } from "./announced-length.ts";

/**
 * A handler for everything that speaks Fetch: Hono (`(c) => handler(c.req.raw)`), Next's route handlers, Workers, Deno,
 * Bun.
 *
 * Values of headers come as Fetch has them: repeated ones joined with comma and space, one byte per character. A
 * platform that decodes them as UTF-8 instead leaves no way back to the bytes; a dialect then refuses a header that it
 * needs and cannot read. What is left of a body that was answered with 413 is not read: the platform deals with it.
 *
 * A reply without a content type is handed on without one. Some servers add one all the same, and koipy takes a file for
 * a text then.
 *
 * The promise is broken only when the body has been read before, or is locked by who reads it, which no reply could mend.
 */
export function toFetchHandler(receiver: Receiver): (request: Request) => Promise<Response> {
  return async (request) => {
    if (request.bodyUsed || request.body?.locked === true) {
      const error = new ReceiveError("body_already_read", {
        message: "the request's body has been read before the receiver got it, or is being read by something else",
      });
      await refusal(receiver, error, toReceivedRequest(request, new Uint8Array(0)));
      throw error;
    }
    const bodyOf = () => readBody(request, receiver.bodyBytesMax);
    return toResponse(await replyTo(receiver, bodyOf, (body) => toReceivedRequest(request, body)));
  };
}

function toReceivedRequest(request: Request, body: Uint8Array): ReceivedRequest {
  const { pathname, search } = new URL(request.url);
  const headers: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const [name, value] of request.headers) headers[name] = value;
  return { method: request.method, path: pathname + search, headers, body };
}

async function readBody(request: Request, bodyBytesMax: number): Promise<Uint8Array> {
  const announced = announcedLength(request.headers.get("content-length"));
  if (announced > bodyBytesMax) throw new ReceiveError("body_too_large");
  const body = new BoundedBytes(bodyBytesMax, announced);
  const reader: ReadableStreamDefaultReader<Uint8Array> | undefined = request.body?.getReader();
  if (reader === undefined) return body.taken();
  try {
    for (;;) {
      const { done, value } = await read(reader);
      if (done) return body.taken();
      if (!body.append(value)) throw new ReceiveError("body_too_large");
    }
  } finally {
    // Not cancelled: on some platforms that cuts the connection that the answer has to go back on.
    reader.releaseLock();
  }
}

async function read(reader: ReadableStreamDefaultReader<Uint8Array>) {
  try {
    return await reader.read();
  } catch (error) {
    throw new ReceiveError("body_incomplete", { cause: error });
  }
}

function toResponse(reply: ReceiverReply): Response {
  try {
    // As bytes: a Response adds a content type of its own to text, and none at all means something to some dialects.
    const bytes = typeof reply.body === "string" ? new TextEncoder().encode(reply.body) : new Uint8Array(reply.body);
    // A status such as 204 must not have a body, not even an empty one.
    const body = bytes.length === 0 ? null : bytes;
    return new Response(body, { status: reply.status, headers: { ...reply.headers } });
  } catch {
    const { status, headers, body } = failureReply();
    return new Response(body, { status, headers });
  }
}
