import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { onSocketClose } from "./socket-close.ts";

/**
 * Tells once whether an answer, which is yet to be sent, went out whole to the client's connection: true when the operating
 * system has taken its last byte, false when the connection ended before. A client that takes longer than `waitMsMax` loses its connection.
 */
export function onResponseSent(
  response: ServerResponse,
  socket: Socket,
  waitMsMax: number,
  over: (handedOver: boolean) => void,
): void {
  const timer = setTimeout(() => socket.destroy(), waitMsMax).unref();
  const forget = onSocketClose(socket, () => end(false));
  // Before Node's own listener, which takes the socket away. A connection that is cut ends what is still to be written
  // with the same event.
  response.prependOnceListener("finish", () => end(!socket.destroyed));

  function end(handedOver: boolean): void {
    clearTimeout(timer);
    forget();
    if (isOver) return;
    isOver = true;
    over(handedOver);
  }
  let isOver = false;
}
