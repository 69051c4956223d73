import type { Socket } from "node:net";

const watched = new WeakMap<Socket, Set<() => void>>();

/**
 * Calls `closed` when the client's connection has ended, soon if it has ended already. The returned function forgets
 * the call. A socket gets one listener, however many requests a client has sent ahead on it. Unlike a response's own
 * `close` event, this also reports the responses whose turn on the connection never came.
 */
export function onSocketClose(socket: Socket, closed: () => void): () => void {
  const listeners = watched.get(socket) ?? watch(socket);
  listeners.add(closed);
  // The event may have come before.
  if (socket.destroyed) queueMicrotask(() => closeAll(listeners));
  return () => {
    listeners.delete(closed);
  };
}

/** Runs `work` with a signal that is aborted when the client disconnects in the meantime. */
export async function whileConnected<T>(socket: Socket, work: (gone: AbortSignal) => Promise<T>): Promise<T> {
  const gone = new AbortController();
  const forget = onSocketClose(socket, () => gone.abort());
  if (socket.destroyed) gone.abort();
  return work(gone.signal).finally(forget);
}

function watch(socket: Socket): Set<() => void> {
  const listeners = new Set<() => void>();
  watched.set(socket, listeners);
  socket.once("close", () => closeAll(listeners));
  return listeners;
}

function closeAll(listeners: Set<() => void>): void {
  const all = [...listeners];
  listeners.clear();
  for (const closed of all) closed();
}
