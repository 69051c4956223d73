import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";

const PROTOCOL_3 = 196_608;
const READY = "Z";
const IDLE = "I";
const TERMINATE = "X";

/**
 * A proxy with few sessions for many clients, like PgBouncer. A client has a session for one transaction, or until it
 * disconnects. The proxy assigns the most recently freed session or the one that has been free longest.
 */
export class PoolingProxy {
  readonly #server: Server;
  readonly #mode: "transaction" | "session";
  readonly #turns: "last-first" | "in-turn";
  readonly #free: Backend[];
  readonly #backends: readonly Backend[];
  readonly #waiting: Near[] = [];

  private constructor(backends: readonly Backend[], options: PoolingOptions) {
    this.#server = createServer((socket) => new Near(socket, this));
    this.#backends = backends;
    this.#free = [...backends];
    this.#mode = options.mode;
    this.#turns = options.turns ?? "last-first";
  }

  static async start(port: number, options: PoolingOptions): Promise<PoolingProxy> {
    const { database, sessions } = options;
    const backends = await Promise.all(Array.from({ length: sessions }, () => Backend.open(port, database)));
    const proxy = new PoolingProxy(backends, options);
    await new Promise<void>((resolve) => proxy.#server.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** The messages that a server sends to a new client. */
  get greeting(): Buffer {
    return (this.#backends[0] as Backend).greeting;
  }

  async close(): Promise<void> {
    for (const backend of this.#backends) backend.socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  seat(near: Near): void {
    const backend = this.#turns === "last-first" ? this.#free.pop() : this.#free.shift();
    if (backend === undefined) this.#waiting.push(near);
    else near.sit(backend);
  }

  /** Called when the client's transaction has ended. */
  between(near: Near): void {
    if (this.#mode === "transaction") near.stand();
  }

  free(backend: Backend): void {
    this.#free.push(backend);
    const next = this.#waiting.shift();
    if (next !== undefined) this.seat(next);
  }
}

export interface PoolingOptions {
  readonly database: string;
  readonly sessions: number;
  readonly mode: "transaction" | "session";
  readonly turns?: "last-first" | "in-turn";
}

/**
 * Divides a stream of the protocol into messages: a letter, a length that includes its own four bytes, and the rest.
 */
class Messages {
  #bytes: Buffer = Buffer.alloc(0);

  add(bytes: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, bytes]);
  }

  /** Returns the first message of a client, which has no letter; null: the message is not complete yet. */
  take(headBytes: 0 | 1 = 1): Buffer | null {
    if (this.#bytes.length < headBytes + 4) return null;
    const length = headBytes + this.#bytes.readUInt32BE(headBytes);
    if (this.#bytes.length < length) return null;
    const message = this.#bytes.subarray(0, length);
    this.#bytes = this.#bytes.subarray(length);
    return message;
  }
}

function letterOf(message: Buffer): string {
  return String.fromCharCode(message[0] as number);
}

/** A session of the server. */
class Backend {
  readonly socket: Socket;
  readonly greeting: Buffer;
  onMessage: (message: Buffer) => void = () => {};

  private constructor(socket: Socket, greeting: Buffer, messages: Messages) {
    this.socket = socket;
    this.greeting = greeting;
    socket.removeAllListeners("data").on("data", (bytes: Buffer) => {
      messages.add(bytes);
      for (let message = messages.take(); message !== null; message = messages.take()) this.onMessage(message);
    });
  }

  static open(port: number, database: string): Promise<Backend> {
    return new Promise((resolve, reject) => {
      const socket = connect(port, "127.0.0.1");
      const messages = new Messages();
      const greeting: Buffer[] = [];
      socket.on("error", reject);
      socket.on("data", (bytes: Buffer) => {
        messages.add(bytes);
        for (let message = messages.take(); message !== null; message = messages.take()) {
          greeting.push(message);
          if (letterOf(message) === READY) resolve(new Backend(socket, Buffer.concat(greeting), messages));
        }
      });
      const words = Buffer.from(`user\0ringback\0database\0${database}\0\0`);
      const head = Buffer.alloc(8);
      head.writeUInt32BE(head.length + words.length, 0);
      head.writeUInt32BE(PROTOCOL_3, 4);
      socket.write(Buffer.concat([head, words]));
    });
  }
}

/** A client of the proxy. */
class Near {
  readonly #socket: Socket;
  readonly #proxy: PoolingProxy;
  readonly #messages = new Messages();
  readonly #unsent: Buffer[] = [];
  #backend: Backend | null = null;
  #isWaiting = false;
  #hasGreeted = false;
  /** Number of pending answers: one for each simple query or sync. */
  #open = 0;

  constructor(socket: Socket, proxy: PoolingProxy) {
    this.#socket = socket;
    this.#proxy = proxy;
    socket.on("error", () => {});
    socket.on("data", (bytes: Buffer) => this.#hear(bytes));
    socket.on("close", () => this.stand());
  }

  #hear(bytes: Buffer): void {
    this.#messages.add(bytes);
    if (!this.#hasGreeted) {
      if (this.#messages.take(0) === null) return;
      this.#hasGreeted = true;
      this.#socket.write(this.#proxy.greeting);
    }
    for (let message = this.#messages.take(); message !== null; message = this.#messages.take()) {
      if (letterOf(message) === TERMINATE) return void this.#socket.end();
      if ("QS".includes(letterOf(message))) this.#open++;
      if (this.#backend !== null) this.#backend.socket.write(message);
      else this.#wait(message);
    }
  }

  #wait(message: Buffer): void {
    this.#unsent.push(message);
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    this.#proxy.seat(this);
  }

  sit(backend: Backend): void {
    this.#isWaiting = false;
    this.#backend = backend;
    backend.onMessage = (message) => {
      this.#socket.write(message);
      if (letterOf(message) !== READY) return;
      this.#open--;
      if (this.#open === 0 && String.fromCharCode(message[5] as number) === IDLE) this.#proxy.between(this);
    };
    for (const message of this.#unsent.splice(0)) backend.socket.write(message);
  }

  stand(): void {
    const backend = this.#backend;
    if (backend === null) return;
    this.#backend = null;
    backend.onMessage = () => {};
    this.#proxy.free(backend);
  }
}
