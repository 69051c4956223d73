import { createRequire } from "node:module";
import type { Socket } from "node:net";
import type { ClientOptions, RawData, WebSocket } from "ws";
import { targetOf } from "./connector.ts";
import { describeError, type Failure, isTlsError } from "./failure.ts";
import { transportLimits } from "./limits.ts";
import type { Network } from "./network.ts";
import type { Endpoint } from "./port.ts";

export type WebSocketTarget = Pick<Endpoint, "origin" | "path" | "tls">;

/** The object that uses a connection and is notified of its events. */
export interface WebSocketOwner {
  /** Called when the peer has sent `hello`. From then on messages may be sent. */
  ready(): void;
  /** Called regularly while the connection is open. True: the connection may be closed. */
  isIdle(): boolean;
  /**
   * Called once when the connection has ended, but not after `close()`. `failure` is null if the connection was closed
   * because it was idle.
   */
  ended(failure: Failure | null): void;
}

const HELLO = "hello";
/** `WebSocket.OPEN`. */
const OPEN = 1;

/**
 * One WebSocket from the name lookup to its end: handshake, `hello` in both directions, and pings. Messages from the
 * peer, such as `ok`, are ignored, but their size is limited.
 */
export class WebSocketConnection {
  readonly #network: Network;
  readonly #owner: WebSocketOwner;
  #socket: WebSocket | null = null;
  #cancelConnect: (() => void) | null = null;
  #cancelTimer: (() => void) | null = null;
  #greeted = false;
  #ended = false;
  /** Bytes received since the last ping. */
  #receivedBytes = 0;
  #messages = 0;

  constructor(url: WebSocketTarget, network: Network, owner: WebSocketOwner) {
    this.#network = network;
    this.#owner = owner;
    this.#cancelTimer = network.timers.after(transportLimits.webSocketGreetingMsMax, () =>
      this.fail({ code: "timeout", detail: `no "hello" within ${transportLimits.webSocketGreetingMsMax} ms` }),
    );
    process.nextTick(() => this.#start(url));
  }

  /** False before the peer's `hello`, and after the closing handshake has begun. */
  get canSend(): boolean {
    return this.#greeted && this.#socket?.readyState === OPEN;
  }

  get bufferedBytes(): number {
    return this.#socket?.bufferedAmount ?? 0;
  }

  /**
   * Call only while `canSend` is true. `sent` is called when the whole message was passed to the operating system. If
   * the connection ends before that, `sent` is not called.
   */
  send(text: Uint8Array, sent: () => void): void {
    this.#messages += 1;
    this.#socket?.send(text, { binary: false }, (error) => {
      if (!error && !this.#ended) sent();
    });
  }

  /** Closes with the closing handshake if the peer has greeted. */
  close(): void {
    this.#tearDown((socket) => (this.#greeted ? socket.close(1001) : socket.terminate()));
  }

  fail(failure: Failure): void {
    if (this.#ended) return;
    this.#tearDown((socket) => socket.terminate());
    this.#owner.ended(failure);
  }

  #start({ origin, path, tls }: WebSocketTarget): void {
    if (this.#ended) return;
    const target = targetOf({ origin, tls });
    if (target === null) return this.fail({ code: "connect_failed", detail: `"${origin}" is no origin` });
    this.#cancelConnect = this.#network.connect(target, (failure, socket, peer = "") => {
      this.#cancelConnect = null;
      if (socket === null) this.fail(failure ?? { code: "connect_failed", detail: null });
      else this.#upgrade(origin + path, socket, peer);
    });
  }

  #upgrade(url: string, raw: Socket, peer: string): void {
    const socket = openWebSocket(url, raw);
    this.#socket = socket;
    socket.on("error", (error) => this.fail(classifyWebSocketError(error, peer)));
    socket.on("close", (code) =>
      this.fail({ code: "connection_reset", detail: `${peer} closed the WebSocket with code ${code}` }),
    );
    socket.on("open", () => socket.send(HELLO));
    socket.on("message", (data, isBinary) => this.#onMessage(data, isBinary));
    socket.on("ping", (data) => this.#onReceived(data.length));
    socket.on("pong", (data) => this.#onReceived(data.length));
  }

  #onMessage(data: RawData, isBinary: boolean): void {
    if (this.#ended) return;
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- with the default `binaryType` it is one Buffer
    const bytes = data as Buffer;
    if (this.#greeted) return this.#onReceived(bytes.length);
    if (isBinary || bytes.toString().trim() !== HELLO) {
      return this.fail({ code: "bad_reply", detail: `the peer's first message is not "${HELLO}"` });
    }
    this.#greeted = true;
    this.#cancelTimer?.();
    this.#ping();
    this.#owner.ready();
  }

  #onReceived(bytes: number): void {
    this.#receivedBytes += bytes + transportLimits.webSocketReceivedFrameCost;
    const { webSocketReceivedBytesMax, webSocketReceivedBytesPerMessage } = transportLimits;
    const bytesMax = webSocketReceivedBytesMax + this.#messages * webSocketReceivedBytesPerMessage;
    if (this.#receivedBytes > bytesMax) {
      this.fail({ code: "bad_reply", detail: `the peer sent more than ${bytesMax} bytes between two pings` });
    }
  }

  #ping(): void {
    this.#receivedBytes = 0;
    this.#messages = 0;
    this.#socket?.ping();
    this.#cancelTimer = this.#network.timers.after(transportLimits.webSocketPingMs, () => this.#onPingOver());
  }

  #onPingOver(): void {
    if (this.#receivedBytes === 0) {
      return this.fail({ code: "timeout", detail: `no answer to a ping within ${transportLimits.webSocketPingMs} ms` });
    }
    if (!this.#owner.isIdle()) return this.#ping();
    this.close();
    this.#owner.ended(null);
  }

  #tearDown(end: (socket: WebSocket) => void): void {
    this.#ended = true;
    this.#cancelTimer?.();
    this.#cancelConnect?.();
    if (this.#socket !== null) end(this.#socket);
  }
}

/** Maps an error of the socket, of Node's HTTP parser or of ws to a code. Some errors of ws have no code. */
function classifyWebSocketError(error: Error & { readonly code?: unknown }, peer: string): Failure {
  const code = typeof error.code === "string" ? error.code : "";
  const detail = describeError(error);
  if (code === "" || code.startsWith("WS_ERR_") || code.startsWith("HPE_")) return { code: "bad_reply", detail };
  return { code: isTlsError(error) ? "tls_failed" : "connection_reset", detail: `${detail}, ${peer}` };
}

const load = createRequire(import.meta.url);

/**
 * Opens a WebSocket over a given socket that is already connected, including TLS. If ws opened the socket, it would
 * bypass the address guard and the name cache.
 */
export function openWebSocket(url: string, socket: Socket): WebSocket {
  // The library ws is loaded for the first WebSocket endpoint. Most servers have no such endpoint and start faster
  // without ws.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- `require` has no types
  const Client = load("ws") as typeof WebSocket;
  // The type declarations do not contain the last four options yet.
  const options: ClientOptions & Readonly<Record<string, unknown>> = {
    createConnection: () => socket,
    followRedirects: false,
    // Compression does not help small messages, and decompressing the peer's messages would need another limit.
    perMessageDeflate: false,
    maxPayload: transportLimits.webSocketReceivedFrameBytesMax,
    closeTimeout: transportLimits.webSocketCloseMsMax,
    maxFragments: 64,
    maxBufferedChunks: 4096,
    maxPendingAutoPongs: 16,
  };
  return new Client(url, options);
}
