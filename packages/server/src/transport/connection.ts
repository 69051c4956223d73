import type { EventEmitter } from "node:events";
import type { Socket } from "node:net";
import type { Dispatcher } from "undici";
import type { Evictable } from "./connection-budget.ts";
import { noTimes, type Connect, type HostAndPort, type OpeningTimes } from "./connector.ts";
import { isTlsError, TransportFailure } from "./failure.ts";
import { transportLimits } from "./limits.ts";
import { ReplyHead } from "./reply-head.ts";
import { arrangeHead } from "./request-head.ts";
import { Client } from "./undici-client.ts";

export interface ConnectionSettings {
  readonly connect: Connect;
  readonly keepAliveMs: number;
}

/**
 * One undici client with one socket and one POST at a time. undici's own pool is not used: it cannot cancel a POST that
 * waits for a connection, does not distinguish a reused socket from a new one, and searches linearly for a free client.
 */
export class Connection implements Evictable {
  previous: Evictable | null = null;
  next: Evictable | null = null;
  socket: Socket | null = null;
  /** True: an earlier POST over this socket has ended with a complete reply. */
  reused = false;
  readonly #evict: (connection: Connection) => void;
  readonly #client: Client;
  /** Address and port of the receiver; empty while the connection is being opened. */
  peer = "";
  /** The last opening. It belongs to earlier POSTs if the connection is `reused`. */
  readonly opening: OpeningTimes = { ...noTimes };
  readonly head = new ReplyHead();
  /** Whether the transport adds no header to the next request. */
  isHeadFixed = false;
  /** Called with the head of the next request. */
  headWritten: ((head: string) => void) | undefined = undefined;
  /**
   * OpenSSL's error on the open connection, such as the receiver's alert that it wants a client certificate. undici
   * would report only that the receiver closed the connection afterwards.
   */
  tlsError: Error | null = null;
  #cancelConnect: (() => void) | null = null;

  /** `evict` is called when the connection must be removed from its pool, unless a POST uses it. */
  constructor(
    origin: string,
    target: HostAndPort,
    settings: ConnectionSettings,
    evict: (connection: Connection) => void,
  ) {
    this.#evict = evict;
    this.#client = new Client(origin, {
      connect: (_options, callback) => {
        Object.assign(this.opening, noTimes);
        const opened = (failure: TransportFailure | null, socket: Socket | null, peer = ""): void => {
          this.#cancelConnect = null;
          this.socket = socket;
          this.peer = peer;
          this.reused = false;
          this.tlsError = null;
          socket?.on("error", (error) => {
            if (isTlsError(error)) this.tlsError ??= error;
          });
          if (socket === null) callback(failure ?? new TransportFailure("connect_failed"), null);
          else callback(null, readingLenientHeads(writingArrangedHeads(socket, this), this.head));
        };
        this.#cancelConnect = settings.connect(target, opened, this.opening);
      },
      pipelining: 1,
      allowH2: false,
      maxHeaderSize: transportLimits.replyHeaderBytesMax,
      // `Deadlines` limits the whole attempt instead.
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: settings.keepAliveMs,
      keepAliveMaxTimeout: transportLimits.keepAliveMsMax,
      keepAliveTimeoutThreshold: transportLimits.keepAliveMarginMs,
    });
    const events: EventEmitter = this.#client;
    // `evict` has no effect on a busy connection. In that case undici reports the disconnect to the POST.
    events.on("disconnect", () => this.evict());
    // undici emits this when an invariant is violated. Without a listener, that would end the process.
    events.on("error", () => this.socket?.destroy());
  }

  /**
   * True if the socket is open and has sent the whole last request. A server may reply before the whole request was
   * sent.
   */
  get reusable(): boolean {
    return this.#isOpen && this.socket?.writableLength === 0;
  }

  /** True if the socket is open, but has not reported yet that the whole last request was sent. */
  get isWriting(): boolean {
    return this.#isOpen && this.socket?.writableLength !== 0;
  }

  get #isOpen(): boolean {
    return this.socket !== null && !this.socket.destroyed && this.socket.writable;
  }

  /** True if the receiver has ended its side of the connection. */
  get peerEnded(): boolean {
    return this.socket?.readableEnded ?? false;
  }

  send(request: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): void {
    this.head.begin();
    this.#client.dispatch(request, handler);
  }

  evict(): void {
    this.#evict(this);
  }

  /** Can be called at any time, even while the connection is being opened. A running POST ends with an error. */
  destroy(): void {
    this.#cancelConnect?.();
    this.#cancelConnect = null;
    this.#client.destroy(destroyed, () => {});
  }
}

const destroyed = new TransportFailure("aborted");

/** Makes the socket rewrite the head of each request. undici writes heads as strings and bodies as bytes. */
function writingArrangedHeads(socket: Socket, connection: Connection): Socket {
  const write = socket.write.bind(socket) as (chunk: unknown, ...rest: unknown[]) => boolean;
  socket.write = (chunk: unknown, ...rest: unknown[]): boolean => {
    if (typeof chunk !== "string") return write(chunk, ...rest);
    const head = arrangeHead(chunk, connection.isHeadFixed);
    connection.headWritten?.(head);
    return write(head, ...rest);
  };
  return socket;
}

/** Makes the socket pass the head of each reply through `head`. undici reads a socket with `read`. */
function readingLenientHeads(socket: Socket, head: ReplyHead): Socket {
  const read = socket.read.bind(socket) as (size?: number) => Buffer | null;
  socket.read = (size?: number): Buffer | null => {
    const bytes = read(size);
    return bytes === null ? null : head.pass(bytes);
  };
  return socket;
}
