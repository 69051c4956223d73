import { ReceiveError } from "../receive-error.ts";
import type { ReceivedRequest, Receiver } from "../receiver.ts";
import type { NodeRequest, NodeResponse } from "./node-message.ts";
import { exchange, toReceivedRequest, writeReply } from "./node-message.ts";
import { refusal, replyOf } from "./safe-reply.ts";

/** What is used of Express' request, version 4 or 5. */
export interface ExpressRequest extends NodeRequest {
  /** The path with the part that the application is mounted at. */
  readonly originalUrl: string;
  /** What a body parser in front of the receiver has made of the body. */
  readonly body?: unknown;
}

/**
 * A handler for Express: `app.use("/callbacks", toExpressHandler(receiver))`, best before any body parser.
 *
 * Behind a parser it needs the bytes themselves: `express.raw({ type: () => true })` keeps them. From `express.text()` it
 * takes the text's UTF-8 bytes, which are what was sent if UTF-8 was sent. What `express.json()` makes of a body has lost
 * them: such a request goes to Express' own error handling as a {@link ReceiveError} with the code `body_already_read`.
 */
export function toExpressHandler(
  receiver: Receiver,
): (request: ExpressRequest, response: NodeResponse, next: (error?: unknown) => void) => void {
  return (request, response, next) => {
    // Not by `body` alone: Express 4 sets it to an empty object even where no parser has touched the request.
    if (!request.readableDidRead && !request.readableEnded) {
      void exchange(receiver, request, response, request.originalUrl);
      return;
    }
    // Read to the end without a single byte: whatever a parser has made of it, there were none.
    const body = request.readableDidRead ? bytesOf(request.body) : new Uint8Array(0);
    if (body === null) {
      const error = new ReceiveError("body_already_read", {
        message:
          "a body parser has read the request and not kept its bytes: put the receiver before express.json() and " +
          "the like, or express.raw({ type: () => true }) before the receiver",
      });
      void passOn(receiver, request, error, next);
      return;
    }
    void answerRead(receiver, request, response, body);
  };
}

async function passOn(
  receiver: Receiver,
  request: ExpressRequest,
  error: ReceiveError,
  next: (error: unknown) => void,
): Promise<void> {
  await refusal(receiver, error, withoutBody(request));
  next(error);
}

async function answerRead(
  receiver: Receiver,
  request: ExpressRequest,
  response: NodeResponse,
  body: Uint8Array,
): Promise<void> {
  writeReply(
    request,
    response,
    body.length > receiver.bodyBytesMax
      ? await refusal(receiver, new ReceiveError("body_too_large"), withoutBody(request))
      : await replyOf(receiver, toReceivedRequest(request, request.originalUrl, body)),
  );
}

function withoutBody(request: ExpressRequest): ReceivedRequest {
  return toReceivedRequest(request, request.originalUrl, new Uint8Array(0));
}

function bytesOf(body: unknown): Uint8Array | null {
  if (typeof body === "string") return new TextEncoder().encode(body);
  // A plain view: a Buffer's own methods, such as slice, mean other things.
  return body instanceof Uint8Array ? new Uint8Array(body.buffer, body.byteOffset, body.byteLength) : null;
}
