import type { Receiver } from "../receiver.ts";
import type { NodeRequest, NodeResponse } from "./node-message.ts";
import { exchange } from "./node-message.ts";

/**
 * A request listener for `node:http`: `http.createServer(toNodeHandler(receiver))`.
 *
 * A body past `receiver.bodyBytesMax` is answered with 413 at once, and at most 8 MiB more of it are read and thrown away.
 * How long a sender may take is the server's matter (`requestTimeout`, `headersTimeout`).
 */
export function toNodeHandler(receiver: Receiver): (request: NodeRequest, response: NodeResponse) => void {
  return (request, response) => void exchange(receiver, request, response);
}
