import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { onSocketClose } from "./socket-close.ts";

/**
 * Call before the response is written. Reports once whether the whole response was sent. True: the operating system has
 * accepted the last byte. False: the connection ended earlier. The connection of a client that takes longer than
 * `waitMsMax` is closed.
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
  // Runs before Node's own listener, which removes the socket from the response. A closed connection leads to the same
  // event, so the socket must be checked.
  response.prependOnceListener("finish", () => end(!socket.destroyed));
}
