import { ReceiveError } from "../receive-error.ts";
import type { Receiver } from "../receiver.ts";
import { bodySource, exchange, headOf, type NodeRequest, type NodeResponse } from "./node-message.ts";
import { refusal } from "./safe-reply.ts";

/** The members of Express' request that are used. Versions 4 and 5 have them. */
export interface ExpressRequest extends NodeRequest {
  /** The path, including the part at which the application is mounted. */
  readonly originalUrl: string;
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
    const { originalUrl } = request;
    const source = bodySource(request, receiver.bodyBytesMax);
    if (!(source instanceof ReceiveError)) return await exchange(receiver, request, response, originalUrl, source);
    await refusal(receiver, source, headOf(request, originalUrl));
    next(source);
  };
}
