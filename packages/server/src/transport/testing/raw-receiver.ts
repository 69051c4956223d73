import { once } from "node:events";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";

/** One connection at the receiver. */
export interface RawConnection {
  readonly socket: Socket;
  /** 1 for the receiver's first connection. */
  readonly number: number;
  /** All bytes received so far, one character per byte. */
  received(): string;
  closed(): boolean;
}

/** A TCP server that replies as a test says, with HTTP or anything else. */
export class RawReceiver implements AsyncDisposable {
  readonly connections: RawConnection[] = [];
  readonly #server: Server;

  constructor(server: Server) {
    this.#server = server;
  }

  /** `serve` is called once per connection, `onRequest` for each complete HTTP request. */
  static async start(
    onRequest: (connection: RawConnection, requestNumber: number) => void,
    serve: (connection: RawConnection) => void = () => {},
  ): Promise<RawReceiver> {
    const server = createServer({ allowHalfOpen: true, noDelay: true });
    const receiver = new RawReceiver(server);
    server.on("connection", (socket) => {
      const connection = watch(socket, receiver.connections.length + 1, onRequest);
      receiver.connections.push(connection);
      serve(connection);
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return receiver;
  }

  get port(): number {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a TCP server has no other kind of address
    return (this.#server.address() as AddressInfo).port;
  }

  get origin(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get requests(): number {
    return this.connections.reduce((sum, connection) => sum + countRequests(connection.received()), 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { socket } of this.connections) socket.destroy();
    if (!this.#server.listening) return;
    this.#server.close();
    await once(this.#server, "close");
  }
}

function watch(
  socket: Socket,
  number: number,
  onRequest: (connection: RawConnection, requestNumber: number) => void,
): RawConnection {
  let received = "";
  let answered = 0;
  let closed = false;
  const connection: RawConnection = { socket, number, received: () => received, closed: () => closed };
  socket.on("error", () => {});
  socket.on("end", () => (closed = true));
  socket.on("close", () => (closed = true));
  socket.on("data", (chunk: Buffer) => {
    received += chunk.toString("latin1");
    while (countRequests(received) > answered) {
      answered += 1;
      onRequest(connection, answered);
    }
  });
  return connection;
}

function countRequests(bytes: string): number {
  let count = 0;
  let rest = bytes;
  for (;;) {
    const headEnd = rest.indexOf("\r\n\r\n");
    if (headEnd === -1) return count;
    const length = Number(/^content-length: (\d+)\r$/im.exec(rest.slice(0, headEnd + 1))?.[1] ?? 0);
    if (rest.length < headEnd + 4 + length) return count;
    count += 1;
    rest = rest.slice(headEnd + 4 + length);
  }
}
