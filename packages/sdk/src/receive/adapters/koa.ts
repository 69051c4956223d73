import { ReceiveError } from "../receive-error.ts";
import type { Receiver } from "../receiver.ts";
import { bodySource, exchange, headOf, type KeptBody, type NodeRequest, type NodeResponse } from "./node-message.ts";
import { refusal } from "./safe-reply.ts";

/** The members of Koa's context that are used. Versions 2 and 3 have them. */
export interface KoaContext {
  readonly req: NodeRequest;
  readonly res: NodeResponse;
  /** Koa's request, in which parsers keep what they have read. */
  readonly request: KeptBody;
  readonly originalUrl: string;
  respond?: boolean | undefined;
}

/**
 * Returns a middleware for Koa: `app.use(toKoaMiddleware(receiver))`, or `router.all("/callbacks", …)`. The middleware
 * answers every request that it gets, and later middleware does not run.
 *
 * After a body parser, the bytes are taken from `context.request.rawBody`, where `koa-bodyparser` and
 * `@koa/bodyparser` keep the text. If nothing has kept the bytes, Koa's error handling gets a `ReceiveError` with the
 * code `body_already_read`.
 */
export function toKoaMiddleware(receiver: Receiver): (context: KoaContext) => Promise<void> {
  return async (context) => {
    const { req, res, request, originalUrl } = context;
    const source = bodySource(req, receiver.bodyBytesMax, request);
    if (source instanceof ReceiveError) {
      await refusal(receiver, source, headOf(req, originalUrl));
      throw source;
    }
    context.respond = false;
    await exchange(receiver, req, res, originalUrl, source);
  };
}
