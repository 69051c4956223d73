import { BoundedBytes } from "../../protocols/bounded-bytes.ts";
import type { ReceiverReply } from "../../protocols/protocol.ts";
import { ReceiveError } from "../receive-error.ts";
import type { Receiver } from "../receiver.ts";
import { failureReply } from "../answering.ts";
import { refusal, replyTo, type RequestHead } from "./safe-reply.ts";
import { announcedLength } from "./announced-length.ts";
import { bodyMsMax } from "./node-message.ts";

/**
 * Returns a handler for servers with the Fetch API: Hono (`(c) => handler(c.req.raw)`), Next's route handlers,
 * SvelteKit (`({ request }) => handler(request)`), h3 and Nuxt, Cloudflare Workers, Deno, Bun.
 *
 * Header values are those of Fetch: the values of a repeated header are joined with a comma and a space, and each byte
 * is one character. Some platforms decode header values as UTF-8, which changes other bytes. There, a required header
 * that is not ASCII is refused. After a 413, the platform decides what happens to the rest of the body.
 *
 * A reply without a content type is passed on without one. Some servers add a content type anyway. The caller koipy
 * then treats a file in the reply as text.
 *
 * The promise rejects only when other code of the program has read the body or holds a reader on it, which is an error
 * in the program.
 */
export function toFetchHandler(receiver: Receiver): (request: Request) => Promise<Response> {
  return async (request) => {
    if (request.bodyUsed || request.body?.locked === true) {
      const error = new ReceiveError("body_already_read", {
        message:
          "the request's body has been read before the receiver got it, or is being read by something else: pass the " +
          "request to the receiver first, or read the body of request.clone()",
      });
      await refusal(receiver, error, headOf(request));
      throw error;
    }
    return toResponse(await replyTo(receiver, headOf(request), () => readBody(request, receiver.bodyBytesMax)));
  };
}

function headOf(request: Request): RequestHead {
  const { pathname, search } = new URL(request.url);
  const headers: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const [name, value] of request.headers) headers[name] = value;
  return { method: request.method, path: pathname + search, headers };
}

async function readBody(request: Request, bodyBytesMax: number): Promise<Uint8Array> {
  const announced = announcedLength(request.headers.get("content-length"));
  if (announced > bodyBytesMax) throw new ReceiveError("body_too_large");
  const body = new BoundedBytes(bodyBytesMax, announced);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new ReceiveError("body_too_slow")), bodyMsMax);
  });
  try {
    if (await Promise.race([body.appendAll(request.body), late])) return body.bytes();
  } catch (cause) {
    throw cause instanceof ReceiveError ? cause : new ReceiveError("body_incomplete", { cause });
  } finally {
    clearTimeout(timer);
  }
  throw new ReceiveError("body_too_large");
}

function toResponse(reply: ReceiverReply): Response {
  try {
    // The body is passed as bytes: for text, a Response adds a content type, and some dialects need a reply without
    // one.
    const bytes = typeof reply.body === "string" ? new TextEncoder().encode(reply.body) : new Uint8Array(reply.body);
    // A reply with a status such as 204 must have no body, not even an empty one.
    const body = bytes.length === 0 ? null : bytes;
    return new Response(body, { status: reply.status, headers: { ...reply.headers } });
  } catch {
    const { status, headers, body } = failureReply();
    return new Response(body, { status, headers });
  }
}
