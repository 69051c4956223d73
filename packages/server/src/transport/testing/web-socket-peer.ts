import { once } from "node:events";
import { createServer as createTlsServer } from "node:https";
import { createServer, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { type WebSocket, WebSocketServer } from "ws";
import { tlsFixture } from "./tls-fixture.ts";

export interface PeerMessage {
  readonly text: string;
  readonly isBinary: boolean;
  /** 1 for the peer's first connection. */
  readonly connection: number;
}

/** A WebSocket server that greets, records all messages, and reacts as a test says. */
export class WebSocketPeer implements AsyncDisposable {
  /** All messages except `hello`. */
  readonly messages: PeerMessage[] = [];
  readonly sockets: WebSocket[] = [];
  /** The path of each handshake. */
  readonly paths: string[] = [];
  /** Pings received; ws answers each with a pong. */
  pings = 0;
  readonly #server: Server;
  readonly #scheme: string;
  readonly #rawSockets = new Set<Socket>();

  constructor(server: Server, scheme: string) {
    this.#server = server;
    this.#scheme = scheme;
    server.on("connection", (socket: Socket) => {
      this.#rawSockets.add(socket);
      socket.on("close", () => this.#rawSockets.delete(socket));
    });
  }

  /** `greet` is called when the peer has received `hello`. By default, the peer replies with `hello`. */
  static async start(
    options: {
      readonly port?: number;
      readonly tls?: boolean;
      readonly greet?: (socket: WebSocket, connection: number) => void;
      readonly onMessage?: (socket: WebSocket, message: PeerMessage) => void;
    } = {},
  ): Promise<WebSocketPeer> {
    const server = options.tls === true ? createTlsServer(tlsFixture) : createServer();
    const peer = new WebSocketPeer(server, options.tls === true ? "wss" : "ws");
    const greet = options.greet ?? ((socket) => socket.send("hello"));
    new WebSocketServer({ server }).on("connection", (socket, request) => {
      const connection = peer.sockets.push(socket);
      peer.paths.push(request.url ?? "");
      let greeted = false;
      socket.on("error", () => {});
      socket.on("ping", () => (peer.pings += 1));
      socket.on("message", (data, isBinary) => {
        // oxlint-disable-next-line typescript/no-base-to-string -- a Buffer
        const message = { text: data.toString(), isBinary, connection };
        if (!greeted && message.text === "hello") {
          greeted = true;
          greet(socket, connection);
        } else {
          peer.messages.push(message);
          options.onMessage?.(socket, message);
        }
      });
    });
    server.listen(options.port ?? 0, "127.0.0.1");
    await once(server, "listening");
    return peer;
  }

  get port(): number {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a TCP server has no other kind of address
    return (this.#server.address() as AddressInfo).port;
  }

  get origin(): string {
    return `${this.#scheme}://127.0.0.1:${this.port}`;
  }

  get texts(): string[] {
    return this.messages.map(({ text }) => text);
  }

  get last(): WebSocket {
    const socket = this.sockets.at(-1);
    if (socket === undefined) throw new Error("nobody has connected");
    return socket;
  }

  /** Closes all connections and stops listening, as at the end of a process. */
  async stop(): Promise<void> {
    for (const socket of this.#rawSockets) socket.destroy();
    if (!this.#server.listening) return;
    this.#server.close();
    await once(this.#server, "close");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}
