import type { EventEmitter } from "node:events";
import type { Socket } from "node:net";
import type { Dispatcher } from "undici";
import type { Evictable } from "./connection-budget.ts";
import type { Connect, Target } from "./connector.ts";
import { TransportFailure } from "./failure.ts";
import { transportLimits } from "./limits.ts";
import { arrangeHead } from "./request-head.ts";
import { Client } from "./undici-client.ts";

export interface ConnectionSettings {
  readonly connect: Connect;
  readonly keepAliveMs: number;
  readonly keepAliveMsMax: number;
}

/** What a connection tells the pool that it belongs to. */
export interface ConnectionOwner {
  /** Its socket has closed; it may have been idle or busy. */
  disconnected(connection: Connection): void;
  evict(connection: Connection): void;
}

/**
 * One undici client, which is one socket at a time and one POST at a time. Clients without undici's own pool, because that
 * one cannot take back a POST that waits for its connection, does not tell a reused socket from a new one, and looks
 * for a free client by walking over all.
 */
export class Connection implements Evictable {
  previous: Evictable | null = null;
  next: Evictable | null = null;
  socket: Socket | null = null;
  /** A whole exchange went over this socket before. */
  reused = false;
  private readonly owner: ConnectionOwner;
  private readonly client: Client;
  private cancelConnect: (() => void) | null = null;

  constructor(origin: string, target: Target, settings: ConnectionSettings, owner: ConnectionOwner) {
    this.owner = owner;
    this.client = new Client(origin, {
      connect: (_options, callback) => {
        this.cancelConnect = settings.connect(target, (failure, socket) => {
          this.cancelConnect = null;
          this.socket = socket;
          this.reused = false;
          if (socket === null) callback(failure ?? new TransportFailure("connect_failed"), null);
          else callback(null, writingArrangedHeads(socket));
        });
      },
      pipelining: 1,
      allowH2: false,
      maxHeaderSize: transportLimits.replyHeaderBytesMax,
      // One deadline covers the whole attempt; see deadline.ts.
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: settings.keepAliveMs,
      keepAliveMaxTimeout: settings.keepAliveMsMax,
      keepAliveTimeoutThreshold: transportLimits.keepAliveMarginMs,
    });
    const events: EventEmitter = this.client;
    events.on("disconnect", () => owner.disconnected(this));
    // undici's report of a broken invariant; without a listener it would end the process.
    events.on("error", () => this.socket?.destroy());
  }

  /** Ready for another POST: open, and nothing of the last one left to send (a server may reply before it has read all). */
  get reusable(): boolean {
    const { socket } = this;
    return socket !== null && !socket.destroyed && socket.writable && socket.writableLength === 0;
  }

  /** The other side has finished its half. */
  get peerEnded(): boolean {
    return this.socket?.readableEnded ?? false;
  }

  send(request: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): void {
    this.client.dispatch(request, handler);
  }

  evict(): void {
    this.owner.evict(this);
  }

  /** At any time, also while it connects. A POST under way ends with an error. */
  destroy(): void {
    this.cancelConnect?.();
    this.cancelConnect = null;
    this.client.destroy(cut, nothingToDo);
  }
}

const cut = new TransportFailure("aborted");

function nothingToDo(): void {}

/** undici writes a head as text and a body as bytes. */
function writingArrangedHeads(socket: Socket): Socket {
  const write = socket.write.bind(socket) as (chunk: unknown, ...rest: unknown[]) => boolean;
  socket.write = (chunk: unknown, ...rest: unknown[]): boolean =>
    write(typeof chunk === "string" ? arrangeHead(chunk) : chunk, ...rest);
  return socket;
}
