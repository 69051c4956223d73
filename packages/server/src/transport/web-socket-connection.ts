import type { Socket } from "node:net";
import type { RawData, WebSocket } from "ws";
import { type Connect, parseTarget } from "./connector.ts";
import { transportLimits } from "./limits.ts";
import type { TransportErrorCode } from "./port.ts";
import type { Timers } from "./time.ts";
import { openWebSocket } from "./web-socket-client.ts";

export interface WebSocketSetting {
  readonly connect: Connect;
  readonly timers: Timers;
}

/** Whom a connection tells what becomes of it. */
export interface WebSocketOwner {
  /** The peer has said `hello`: messages may go. */
  ready(): void;
  /** Regularly while it is open; true: nobody needs it any more. */
  isIdle(): boolean;
  /** It is over, once and for all; `null`: closed because nobody needed it. Not told of a `close()`. */
  over(code: TransportErrorCode | null): void;
}

const HELLO = "hello";
/** `WebSocket.OPEN`. */
const OPEN = 1;

/**
 * One WebSocket from the name lookup to its end: the handshake, `hello` both ways, pings, and a bound on all that the peer
 * says. What it says is not looked into; `ok` is usual.
 */
export class WebSocketConnection {
  private readonly setting: WebSocketSetting;
  private readonly owner: WebSocketOwner;
  private socket: WebSocket | null = null;
  private cancelConnect: (() => void) | null = null;
  private cancelTimer: (() => void) | null = null;
  private greeted = false;
  private ended = false;
  /** Since the last ping. */
  private heardBytes = 0;
  private messages = 0;

  constructor(
    url: { readonly origin: string; readonly path: string },
    setting: WebSocketSetting,
    owner: WebSocketOwner,
  ) {
    this.setting = setting;
    this.owner = owner;
    this.cancelTimer = setting.timers.after(transportLimits.webSocketGreetingMsMax, () => this.fail("timeout"));
    process.nextTick(() => this.start(url));
  }

  /** False from the peer's goodbye on. */
  get canSend(): boolean {
    return this.greeted && this.socket?.readyState === OPEN;
  }

  get bufferedBytes(): number {
    return this.socket?.bufferedAmount ?? 0;
  }

  /** `taken` runs when the system has the whole message; never when the connection ends before. Only while it can. */
  send(text: Uint8Array, taken: () => void): void {
    this.messages += 1;
    this.socket?.send(text, { binary: false }, (error) => {
      if (!error && !this.ended) taken();
    });
  }

  /** With a goodbye, if there is somebody to say it to. */
  close(): void {
    this.tearDown((socket) => (this.greeted ? socket.close(1001) : socket.terminate()));
  }

  fail(code: TransportErrorCode): void {
    if (this.ended) return;
    this.tearDown((socket) => socket.terminate());
    this.owner.over(code);
  }

  private start({ origin, path }: { readonly origin: string; readonly path: string }): void {
    if (this.ended) return;
    const target = parseTarget(origin);
    if (target === null) return this.fail("connect_failed");
    this.cancelConnect = this.setting.connect(target, (failure, socket) => {
      this.cancelConnect = null;
      if (socket === null) this.fail(failure?.code ?? "connect_failed");
      else this.upgrade(origin + path, socket);
    });
  }

  private upgrade(url: string, raw: Socket): void {
    const socket = openWebSocket(url, raw);
    this.socket = socket;
    socket.on("error", (error) => this.fail(classifyWebSocketError(error)));
    socket.on("close", () => this.fail("connection_reset"));
    socket.on("open", () => socket.send(HELLO));
    socket.on("message", (data, isBinary) => this.onMessage(data, isBinary));
    socket.on("ping", (data) => this.onHeard(data.length));
    socket.on("pong", (data) => this.onHeard(data.length));
  }

  private onMessage(data: RawData, isBinary: boolean): void {
    if (this.ended) return;
    // One buffer, since `binaryType` is as it came.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
    const bytes = data as Buffer;
    if (this.greeted) return this.onHeard(bytes.length);
    if (isBinary || bytes.toString().trim() !== HELLO) return this.fail("bad_reply");
    this.greeted = true;
    this.cancelTimer?.();
    this.ping();
    this.owner.ready();
  }

  private onHeard(bytes: number): void {
    this.heardBytes += bytes + transportLimits.webSocketHeardFrameCost;
    const { webSocketHeardBytesMax, webSocketHeardBytesPerMessage } = transportLimits;
    const bytesMax = webSocketHeardBytesMax + this.messages * webSocketHeardBytesPerMessage;
    if (this.heardBytes > bytesMax) this.fail("bad_reply");
  }

  private ping(): void {
    this.heardBytes = 0;
    this.messages = 0;
    this.socket?.ping();
    this.cancelTimer = this.setting.timers.after(transportLimits.webSocketPingMs, () => this.onPingOver());
  }

  private onPingOver(): void {
    if (this.heardBytes === 0) return this.fail("timeout");
    if (!this.owner.isIdle()) return this.ping();
    this.close();
    this.owner.over(null);
  }

  private tearDown(end: (socket: WebSocket) => void): void {
    this.ended = true;
    this.cancelTimer?.();
    this.cancelConnect?.();
    if (this.socket !== null) end(this.socket);
  }
}

/** An error of the socket, of Node's HTTP parser, or of ws, which gives a code to some of its own and none to the rest. */
function classifyWebSocketError(error: Error & { readonly code?: unknown }): TransportErrorCode {
  const code = typeof error.code === "string" ? error.code : "";
  if (code === "" || code.startsWith("WS_ERR_") || code.startsWith("HPE_")) return "bad_reply";
  return code.startsWith("ERR_SSL_") || code.startsWith("ERR_TLS_") ? "tls_failed" : "connection_reset";
}
