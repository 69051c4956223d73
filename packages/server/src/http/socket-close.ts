import type { Socket } from "node:net";

const watched = new WeakMap<Socket, Set<() => void>>();

/**
 * Runs `closed` when the client's connection has ended; the returned function cancels this. A socket gets one listener, however
 * many requests a client has pipelined on it. Unlike a response's own event `close`, this also works for a response whose
 * turn on the connection never comes.
 */
export function onSocketClose(socket: Socket, closed: () => void): () => void {
  const listeners = watched.get(socket) ?? watch(socket);
  listeners.add(closed);
  return () => {
    listeners.delete(closed);
  };
}

function watch(socket: Socket): Set<() => void> {
  const listeners = new Set<() => void>();
  watched.set(socket, listeners);
  socket.once("close", () => {
    for (const closed of listeners) closed();
  });
  return listeners;
}
