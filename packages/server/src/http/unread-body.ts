import type { IncomingMessage, ServerResponse } from "node:http";
import { readBody } from "@ringback/sdk/protocols";

/**
 * Drops the body of a request that was answered without reading it, and closes the connection when the body exceeds a
 * limit. Node itself would read such a body to its end, and one in tiny chunks would hold the event loop.
 */
export function dropUnreadBody(request: IncomingMessage, response: ServerResponse, bytesMax: number): void {
  const { "content-length": length = "0", "transfer-encoding": coding } = request.headers;
  if (coding === undefined && length === "0") return;
  // This listener must run before Node's own, which begins to discard a body that nobody reads.
  response.prependListener("finish", () => {
    if (request.complete || request.readableDidRead) return;
    void readBody(request, {
      bytesMax: 0,
      announcedBytes: Number(length),
      timeMsMax: null,
      droppedBytesMax: bytesMax,
      dropsFirst: true,
      exceeded: () => request.destroy(),
    });
    // Now Node knows that somebody reads the body.
    request.read(0);
  });
}
