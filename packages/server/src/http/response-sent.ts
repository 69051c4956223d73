import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { onSocketClose } from "./socket-close.ts";

/**
 * Reports once whether a response, which is yet to be sent, has gone out completely to the client's connection: true when the
 * operating system has its last byte, false when the connection has ended before. A connection that takes longer than
 * `waitMsMax` is closed.
 */
export function onResponseSent(
  response: ServerResponse,
  socket: Socket,
  waitMsMax: number,
  over: (isSent: boolean) => void,
): void {
  const timer = setTimeout(() => socket.destroy(), waitMsMax).unref();
  const forget = onSocketClose(socket, () => end(false));
  // This listener has to run before Node's own, which detaches the socket. The event also comes when the connection is lost
  // while there is still something to write.
  response.prependOnceListener("finish", () => end(!socket.destroyed));

  function end(isSent: boolean): void {
    clearTimeout(timer);
    forget();
    if (isOver) return;
    isOver = true;
    over(isSent);
  }
  let isOver = false;
}
