import type { Server, Socket } from "node:net";
import { isLoopbackHost } from "../domain/host.ts";
import { parseAddress, withoutTranslation } from "../domain/ip-network.ts";

interface ClientConnectionsOptions {
  readonly perSourceMax: number;
  readonly isTrustedProxy: (address: string) => boolean;
  /** Called with the first refused connection, and later at most once per second. */
  readonly refused: (source: string, count: number) => void;
}

const reportMs = 1_000;

/**
 * The open connections of all listeners. A source is an IPv4 address, or the /64 network of an IPv6 address, because
 * one customer of a provider usually has a whole network. Loopback addresses and trusted proxies have no limit of their
 * own.
 */
export class ClientConnections {
  readonly #options: ClientConnectionsOptions;
  readonly #perSource = new Map<string, number>();
  #refusedCount = 0;
  #nextReport: NodeJS.Timeout | null = null;

  constructor(options: ClientConnectionsOptions) {
    this.#options = options;
  }

  /** Closes the connections over the limit before the server reads from them. Returns the open ones of this server. */
  watch(server: Server): ReadonlySet<Socket> {
    const open = new Set<Socket>();
    const accept = server.listeners("connection");
    server.removeAllListeners("connection");
    server.on("connection", (socket: Socket) => {
      if (!this.#admit(socket)) {
        socket.destroy();
        return;
      }
      open.add(socket);
      socket.once("close", () => open.delete(socket));
      for (const listener of accept) Reflect.apply(listener, server, [socket]);
    });
    return open;
  }

  #admit(socket: Socket): boolean {
    const { remoteAddress } = socket;
    if (remoteAddress === undefined) return false;
    const { perSourceMax, isTrustedProxy } = this.#options;
    if (isLoopbackHost(remoteAddress) || isTrustedProxy(remoteAddress)) return true;
    const source = sourceOf(remoteAddress);
    const count = this.#perSource.get(source) ?? 0;
    if (count >= perSourceMax) {
      this.#refuse(source);
      return false;
    }
    this.#perSource.set(source, count + 1);
    socket.once("close", () => this.#release(source));
    return true;
  }

  #release(source: string): void {
    const count = this.#perSource.get(source) ?? 1;
    if (count === 1) this.#perSource.delete(source);
    else this.#perSource.set(source, count - 1);
  }

  #refuse(source: string): void {
    this.#refusedCount++;
    if (this.#nextReport === null) this.#report(source);
  }

  #report(source: string): void {
    this.#options.refused(source, this.#refusedCount);
    this.#refusedCount = 0;
    this.#nextReport = setTimeout(() => {
      this.#nextReport = null;
      if (this.#refusedCount > 0) this.#report(source);
    }, reportMs).unref();
  }
}

/** Returns the IPv4 address, or the /64 network of an IPv6 address. */
export function sourceOf(address: string): string {
  const parsed = withoutTranslation(parseAddress(address));
  if (parsed.kind() === "ipv4") return parsed.toString();
  const network = parsed.toByteArray().fill(0, 8);
  const groups = Array.from({ length: 4 }, (_, i) =>
    ((network[2 * i] ?? 0) * 256 + (network[2 * i + 1] ?? 0)).toString(16),
  );
  return `${groups.join(":")}::/64`;
}
