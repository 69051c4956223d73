import { createServer } from "node:net";
import type { Socket } from "node:net";
import { nowMs } from "../clock.ts";
import { listenOnLoopback } from "../process/loopback.ts";
import { Ledger } from "./ledger.ts";
import { headerValue, MalformedRequest, pathOf, RequestStream } from "./request-stream.ts";

const REPLY = Buffer.from("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
const MESSAGE_ID = "ringback-message-id";

/** An endpoint that answers 200 at once and records each request in its ledger. */
export class Receiver {
  readonly ledger = new Ledger();
  readonly #server = createServer({ noDelay: true }, (socket) => this.#accept(socket));
  readonly #sockets = new Set<Socket>();
  connectionsPeak = 0;
  malformed = 0;

  listen(): Promise<number> {
    return listenOnLoopback(this.#server);
  }

  close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    this.connectionsPeak = Math.max(this.connectionsPeak, this.#sockets.size);
    const stream = new RequestStream((head, body) => this.#record(head, body));
    socket.on("data", (chunk: Buffer) => {
      try {
        const complete = stream.feed(chunk);
        if (complete === 1) socket.write(REPLY);
        else if (complete > 1) socket.write(Buffer.concat(Array.from({ length: complete }, () => REPLY)));
      } catch (error) {
        if (!(error instanceof MalformedRequest)) throw error;
        this.malformed += 1;
        socket.destroy();
      }
    });
    socket.on("error", () => socket.destroy());
    socket.on("close", () => this.#sockets.delete(socket));
  }

  #record(head: string, body: Buffer): void {
    this.ledger.record(pathOf(head), headerValue(head, MESSAGE_ID) ?? "", head, body, nowMs());
  }
}

/** Starts an endpoint that accepts every connection and every byte and never answers. Returns its port. */
export function listenSilently(): Promise<number> {
  return listenOnLoopback(createServer((socket) => socket.on("error", () => socket.destroy()).resume()));
}
