import { bytesOf } from "../../protocols/body-bytes.ts";
import { ReceiveError } from "../receive-error.ts";
import type { Receiver } from "../receiver.ts";
import { exchange, headOf, keptBody, withinLimit, type NodeRequest, type NodeResponse } from "./node-message.ts";
import { refusal } from "./safe-reply.ts";

/** The members of Express' request that are used. Versions 4 and 5 have them. */
export interface ExpressRequest extends NodeRequest {
  /** The path, including the part at which the application is mounted. */
  readonly originalUrl: string;
  /** The result of a body parser that ran before the receiver. */
  readonly body?: unknown;
}

/**
 * Returns a handler for Express: `app.use("/callbacks", toExpressHandler(receiver))`. Register the handler before all
 * body parsers if possible.
 *
 * After a body parser, the receiver needs the original bytes of the body. `express.raw({ type: () => true })` keeps
 * these bytes. The text of `express.text()` is encoded as UTF-8, which is correct if the sender used UTF-8.
 * `request.rawBody` is used if it is there: NestJS with `rawBody: true`, Firebase, and `express.json()` with the option
 * `verify: (request, _, bytes) => { request.rawBody = bytes }` keep the bytes there. `express.json()` alone does not:
 * such a request goes to Express' error handling as a {@link ReceiveError} with the code `body_already_read`.
 */
export function toExpressHandler(
  receiver: Receiver,
): (request: ExpressRequest, response: NodeResponse, next: (error?: unknown) => void) => Promise<void> {
  return async (request, response, next) => {
    const { originalUrl, readableDidRead, readableEnded } = request;
    // `body` does not show whether a parser ran: without a parser, Express 4 sets `body` to an empty object.
    if (!readableDidRead && !readableEnded) return await exchange(receiver, request, response, originalUrl);
    // The body was read and had no bytes, whatever value the parser stored for it.
    const body = readableDidRead ? (keptBody(request) ?? bytesOf(request.body)) : new Uint8Array(0);
    if (body !== null) {
      return await exchange(receiver, request, response, originalUrl, () => withinLimit(body, receiver.bodyBytesMax));
    }
    const error = new ReceiveError("body_already_read", {
      message:
        "a body parser has read the request and not kept its bytes: put the receiver before express.json() and " +
        "the like, put express.raw({ type: () => true }) before the receiver, or keep the bytes in request.rawBody " +
        "with the parser's option `verify`",
    });
    await refusal(receiver, error, headOf(request, originalUrl));
    next(error);
  };
}
