import type { Receiver } from "../receiver.ts";
import { exchange, type NodeRequest, type NodeResponse } from "./node-message.ts";

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
 */
export function toNodeHandler(receiver: Receiver): (request: NodeRequest, response: NodeResponse) => void {
  return (request, response) => void exchange(receiver, request, response);
}
