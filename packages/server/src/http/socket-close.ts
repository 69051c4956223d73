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

/**
 * Runs `work` with a signal that is aborted when the client disconnects in the meantime, or when `onEnd` calls the
 * function that it gets. `onEnd` returns a function that cancels the call.
 */
export async function whileConnected<T>(
  socket: Socket,
  work: (gone: AbortSignal) => Promise<T>,
  onEnd?: (ended: () => void) => () => void,
): Promise<T> {
  const gone = new AbortController();
  const abort = (): void => gone.abort();
  const forget = onSocketClose(socket, abort);
  const forgetEnd = onEnd?.(abort);
  if (socket.destroyed) gone.abort();
  return work(gone.signal).finally(() => {
    forget();
    forgetEnd?.();
  });
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
