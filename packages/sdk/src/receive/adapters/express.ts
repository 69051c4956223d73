import { ReceiveError } from "../receive-error.ts";
import type { ReceivedRequest, Receiver } from "../receiver.ts";
import type { NodeRequest, NodeResponse } from "./node-message.ts";
import { exchange, toReceivedRequest, writeReply } from "./node-message.ts";
import { refusal, replyOf } from "./safe-reply.ts";

/** The members of Express' request that are used, in versions 4 and 5. */
export interface ExpressRequest extends NodeRequest {
  /** The path, including the part at which the application is mounted. */
  readonly originalUrl: string;
  /** The result of a body parser that ran before the receiver. */
  readonly body?: unknown;
}

/**
 * Returns a handler for Express: `app.use("/callbacks", toExpressHandler(receiver))`. Best placed before all body
 * parsers.
 *
 * After a body parser the receiver needs the original bytes, which `express.raw({ type: () => true })` keeps. The text
 * of `express.text()` is encoded as UTF-8, which is correct if the sender used UTF-8. `express.json()` does not keep
 * the bytes: such a request goes to Express' error handling as a {@link ReceiveError} with the code
 * `body_already_read`.
 */
export function toExpressHandler(
  receiver: Receiver,
): (request: ExpressRequest, response: NodeResponse, next: (error?: unknown) => void) => void {
  return (request, response, next) => {
    // `body` alone does not show that a parser ran: Express 4 sets it to an empty object without one.
    if (!request.readableDidRead && !request.readableEnded) {
      void exchange(receiver, request, response, request.originalUrl);
      return;
    }
    // The body was read and had no bytes, whatever the parser made of it.
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
  // A plain Uint8Array, because methods of Buffer such as slice behave differently.
  return body instanceof Uint8Array ? new Uint8Array(body.buffer, body.byteOffset, body.byteLength) : null;
}
