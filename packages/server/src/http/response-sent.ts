import type { ServerResponse } from "node:http";
import { Http2ServerResponse, type ServerHttp2Stream } from "node:http2";
import type { Socket } from "node:net";
import { cancelStream } from "./http2-limits.ts";
import { onSocketClose } from "./socket-close.ts";

/**
 * Call before the response is written. Reports once whether the whole response was sent. True: the operating system has
 * accepted the last byte. False: the connection ended earlier. The connection of a client that takes longer than
 * `waitMsMax` is closed, or its stream if the connection has several.
 */
export function onResponseSent(
  response: ServerResponse,
  socket: Socket,
  waitMsMax: number,
  report: (isSent: boolean) => void,
): void {
  let isReported = false;
  const end = (isSent: boolean): void => {
    if (isReported) return;
    isReported = true;
    clearTimeout(timer);
    forget();
    report(isSent);
  };
  const stream = streamOf(response);
  const timer = setTimeout(() => (stream === null ? socket.destroy() : cancelStream(stream)), waitMsMax).unref();
  const forget = onSocketClose(socket, () => end(false));
  // Runs before Node's own listener, which removes the socket from the response. A closed connection leads to the same
  // event, so the socket must be checked.
  // Over HTTP/2, the response has this event also when its stream was reset.
  (stream ?? response).prependOnceListener("finish", () => end(!socket.destroyed));
}

function streamOf(response: unknown): ServerHttp2Stream | null {
  return response instanceof Http2ServerResponse ? response.stream : null;
}
