import { createServer } from "node:net";
import type { Server, Socket } from "node:net";
import { nowMs } from "../clock.ts";
import { portOf } from "../process/port-of.ts";
import { Ledger } from "./ledger.ts";
import { headerValue, MalformedRequest, pathOf, RequestStream } from "./request-stream.ts";

const REPLY = Buffer.from("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
const MESSAGE_ID = "ringback-message-id";

/** An endpoint that answers 200 at once and keeps account of what it got. */
export class Receiver {
  readonly ledger = new Ledger();
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  connectionsPeak = 0;
  malformed = 0;

  constructor() {
    this.#server = createServer({ noDelay: true }, (socket) => this.#connect(socket));
  }

  listen(): Promise<number> {
    return listen(this.#server);
  }

  close(): Promise<void> {
    return close(this.#server, this.#sockets);
  }

  #connect(socket: Socket): void {
    this.#sockets.add(socket);
    this.connectionsPeak = Math.max(this.connectionsPeak, this.#sockets.size);
    const stream = new RequestStream((head, body) => this.#take(head, body));
    socket.on("data", (chunk: Buffer) => {
      try {
        const whole = stream.feed(chunk);
        if (whole === 1) socket.write(REPLY);
        else if (whole > 1) socket.write(Buffer.concat(Array.from({ length: whole }, () => REPLY)));
      } catch (error) {
        if (!(error instanceof MalformedRequest)) throw error;
        this.malformed += 1;
        socket.destroy();
      }
    });
    socket.on("error", () => socket.destroy());
    socket.on("close", () => this.#sockets.delete(socket));
  }

  #take(head: string, body: Buffer): void {
    this.ledger.arrive(pathOf(head), headerValue(head, MESSAGE_ID) ?? "", head, body, nowMs());
  }
}

/** An endpoint that takes every connection and every byte and never answers. */
export class SilentEndpoint {
  readonly #sockets = new Set<Socket>();
  readonly #server = createServer((socket) => {
    this.#sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => this.#sockets.delete(socket));
    socket.resume();
  });

  listen(): Promise<number> {
    return listen(this.#server);
  }

  close(): Promise<void> {
    return close(this.#server, this.#sockets);
  }
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ port: 0, host: "127.0.0.1", backlog: 4096 }, () => resolve(portOf(server)));
  });
}

function close(server: Server, sockets: ReadonlySet<Socket>): Promise<void> {
  for (const socket of sockets) socket.destroy();
  return new Promise((resolve) => server.close(() => resolve()));
}
