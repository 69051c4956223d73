import type { Socket } from "node:net";

const watched = new WeakMap<Socket, Set<() => void>>();

/**
 * Calls `closed` when the client's connection ends, or in a microtask if the connection has ended already. The returned
 * function cancels the call. Pipelined requests of one socket share one listener. Unlike the `close` event of a
 * response, this function also works for pipelined requests whose response was never started.
 */
export function onSocketClose(socket: Socket, closed: () => void): () => void {
  const listeners = watched.get(socket) ?? watch(socket);
  listeners.add(closed);
  // The event `close` may have been emitted before.
  if (socket.destroyed) queueMicrotask(() => closeAll(listeners));
  return () => void listeners.delete(closed);
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
