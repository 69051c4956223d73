import { connect, isIPv6, type Socket } from "node:net";
import { describeError, TransportFailure } from "./failure.ts";
import { transportLimits } from "./limits.ts";
import type { SocketCount } from "./socket-count.ts";
import type { Timers } from "./time.ts";

/** `peer`: address and port to which the socket is connected. */
export type Connected = (failure: TransportFailure | null, socket: Socket | null, peer?: string) => void;

export interface TcpOptions {
  readonly timers: Timers;
  readonly sockets: SocketCount;
  readonly open: OpenSocket;
}

/** Starts to connect to an IP address. */
export type OpenSocket = (address: string, port: number) => Socket;

export const openTcp: OpenSocket = (address, port) =>
  connect({ host: address, port, noDelay: true, autoSelectFamily: false });

/**
 * Connects to the address that answers first (RFC 8305). After a short time without an answer, the next address is
 * tried in parallel. So an unreachable address family delays the attempt only briefly. The returned function cancels;
 * then `done` is not called.
 */
export function connectTcp(
  addresses: readonly string[],
  port: number,
  options: TcpOptions,
  done: Connected,
): () => void {
  const queue = alternateFamilies(addresses).slice(0, transportLimits.addressesTriedMax);
  const trying = new Set<Socket>();
  let cancelTimer: (() => void) | null = null;
  let refused = false;
  const errors: string[] = [];
  let finished = false;

  tryNext();
  return finish;

  function tryNext(): void {
    cancelTimer?.();
    cancelTimer = null;
    const address = queue.shift();
    if (address === undefined) return;
    const peer = hostAndPort(address, port);
    const socket = options.open(address, port);
    options.sockets.add(socket);
    trying.add(socket);
    socket.on("error", ignoreError);
    socket.once("error", onError);
    socket.once("connect", onConnect);
    if (queue.length > 0) cancelTimer = options.timers.after(transportLimits.connectStaggerMs, tryNext);

    function onConnect(): void {
      socket.removeListener("error", onError);
      trying.delete(socket);
      finish();
      done(null, socket, peer);
    }

    function onError(error: NodeJS.ErrnoException): void {
      trying.delete(socket);
      if (finished) return;
      if (error.code === "ECONNREFUSED") refused = true;
      errors.push(describeError(error));
      if (queue.length > 0) return tryNext();
      if (trying.size > 0) return;
      finish();
      done(new TransportFailure(refused ? "connect_refused" : "connect_failed", errors.join(", ")), null);
    }
  }

  /** Ends all running tries. */
  function finish(): void {
    finished = true;
    cancelTimer?.();
    cancelTimer = null;
    for (const socket of trying) socket.destroy();
    trying.clear();
  }
}

export function hostAndPort(address: string, port: number): string {
  return isIPv6(address) ? `[${address}]:${port}` : `${address}:${port}`;
}

/** Keeps the resolver's order within each family, and alternates between IPv4 and IPv6. */
export function alternateFamilies(addresses: readonly string[]): string[] {
  const [first] = addresses;
  if (first === undefined) return [];
  const leading = isIPv6(first);
  const same = addresses.filter((address) => isIPv6(address) === leading);
  const other = addresses.filter((address) => isIPv6(address) !== leading);
  return same.flatMap((address, index) => [address, ...other.slice(index, index + 1)]).concat(other.slice(same.length));
}

/** Without a listener, a socket's error would end the process. Users of the socket add their own listeners. */
function ignoreError(): void {}
