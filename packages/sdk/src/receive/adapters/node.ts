import type { Receiver } from "../receiver.ts";
import type { FastifyReplyParts, FastifyRequestParts } from "./fastify.ts";
import { bodySource, exchange, type KeptBody, type NodeRequest, type NodeResponse } from "./node-message.ts";

/**
 * Returns a request listener for `node:http`: `http.createServer(toNodeHandler(receiver))`.
 *
 * A body larger than `receiver.bodyBytesMax` is answered with 413 at once, and up to 8 MiB of the rest are read and
 * discarded. The server's `requestTimeout` and `headersTimeout` limit how long a request can take.
 *
 * The handler also works inside a framework whose parser has read the body, if the framework has kept the bytes in
 * `request.rawBody` (NestJS with `rawBody: true`, Google Cloud Functions, Firebase) or in `request.body`. If not, the
 * request is answered with 500, and `onRefused` or the console gets a `ReceiveError` with the code
 * `body_already_read`, whose message says how to keep the bytes.
 *
 * The handler also takes the request and the reply of Fastify, which NestJS passes with its adapter for Fastify.
 */
export function toNodeHandler(
  receiver: Receiver,
): (request: NodeRequest | (FastifyRequestParts & KeptBody), response: NodeResponse | FastifyReplyParts) => void {
  return (request, response) => {
    if (!("hijack" in response) || !("raw" in request)) {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- both are of Node, or both are of Fastify
      void exchange(receiver, request as NodeRequest, response as NodeResponse);
      return;
    }
    response.hijack();
    const { raw } = request;
    void exchange(receiver, raw, response.raw, raw.url, bodySource(raw, receiver.bodyBytesMax, request));
  };
}
