import { once } from "node:events";
import type { AddressInfo, Server, Socket } from "node:net";
import { createServer } from "node:net";

/** One connection to the server. */
export interface RawConnection {
  readonly socket: Socket;
  /** All bytes received so far, one character per byte. */
  readonly received: () => string;
}

/** A TCP server that answers each whole request with bytes of the test's choice. The bytes need not be HTTP. */
export class RawServer implements AsyncDisposable {
  readonly connections: RawConnection[] = [];
  readonly #server: Server;

  constructor(server: Server) {
    this.#server = server;
  }

  static async start(onRequest: (connection: RawConnection) => void): Promise<RawServer> {
    const server = createServer({ noDelay: true });
    const raw = new RawServer(server);
    server.on("connection", (socket) => raw.connections.push(watched(socket, onRequest)));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return raw;
  }

  /** Answers every request with these bytes and closes the connection. */
  static async answering(bytes: string | Uint8Array): Promise<RawServer> {
    return await RawServer.start(({ socket }) => socket.end(bytes));
  }

  /** Answers the first bytes of a connection in plain HTTP, even when they begin a TLS handshake. */
  static async withoutTls(): Promise<RawServer> {
    const raw = await RawServer.start(() => {});
    raw.#server.on("connection", (socket) => {
      socket.once("data", () => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"));
    });
    return raw;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/secret-path`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { socket } of this.connections) socket.destroy();
    this.#server.close();
    await once(this.#server, "close");
  }
}

function watched(socket: Socket, onRequest: (connection: RawConnection) => void): RawConnection {
  let received = "";
  let answered = false;
  const connection = { socket, received: () => received };
  socket.on("error", () => {});
  socket.on("data", (chunk) => {
    received += chunk.toString("latin1");
    if (answered || !isWhole(received)) return;
    answered = true;
    onRequest(connection);
  });
  return connection;
}

function isWhole(request: string): boolean {
  const headEnd = request.indexOf("\r\n\r\n");
  if (headEnd === -1) return false;
  const bodyBytes = Number(/\r\ncontent-length: (\d+)/i.exec(request.slice(0, headEnd))?.[1] ?? 0);
  return request.length >= headEnd + 4 + bodyBytes;
}

/** Writes the same bytes again and again until the connection is closed. */
export function pour(socket: Socket, bytes: string | Uint8Array): void {
  const more = (): void => {
    if (!socket.destroyed) socket.write(bytes, () => setImmediate(more));
  };
  more();
}
