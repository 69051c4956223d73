import type { Receiver } from "../receiver.ts";
import { exchange, type NodeRequest, type NodeResponse } from "./node-message.ts";

/**
 * Returns a request listener for `node:http`: `http.createServer(toNodeHandler(receiver))`.
 *
 * A body larger than `receiver.bodyBytesMax` is answered with 413 at once, and up to 8 MiB of the rest are read and
 * discarded. The server's `requestTimeout` and `headersTimeout` limit how long a request can take.
 */
export function toNodeHandler(receiver: Receiver): (request: NodeRequest, response: NodeResponse) => void {
  return (request, response) => void exchange(receiver, request, response);
}
