import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { onSocketClose } from "./socket-close.ts";

/**
 * Reports once whether a response that is yet to be written has reached the client's connection. True: the operating
 * system has taken its last byte. False: the connection ended before. A client that takes longer than `waitMsMax` loses
 * its connection.
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
  const timer = setTimeout(() => socket.destroy(), waitMsMax).unref();
  const forget = onSocketClose(socket, () => end(false));
  // Runs before Node's own listener, which takes the socket away. A cut connection ends a response with the same event.
  response.prependOnceListener("finish", () => end(!socket.destroyed));
}
