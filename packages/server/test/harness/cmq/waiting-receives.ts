import { connect } from "node:net";
import type { Socket } from "node:net";
import { once } from "node:events";
import type { KeyPair } from "./account.ts";
import { apiPath, signedForm } from "./signed-caller.ts";
import type { CmqAnswer } from "./signed-caller.ts";

/**
 * The most connections that are being opened at the same time. The operating system queues only a limited number of
 * connections that the server has not accepted yet.
 */
const connectingMax = 100;

/**
 * Receive requests that wait for a message. Each request has a plain TCP connection of its own and no HTTP client, so
 * that ten thousand requests fit into the test's process.
 */
export class WaitingReceives implements AsyncDisposable {
  readonly answers: CmqAnswer[] = [];
  /** Connections that ended without an answer. */
  readonly broken: string[] = [];
  readonly #sockets = new Set<Socket>();

  static async ask(url: string, pair: KeyPair, queueName: string, count: number): Promise<WaitingReceives> {
    const receives = new WaitingReceives();
    const { host, port } = new URL(url);
    for (let at = 0; at < count; at += connectingMax) {
      const some = Math.min(connectingMax, count - at);
      await Promise.all(
        Array.from({ length: some }, () => {
          const form = signedForm(pair, host, "ReceiveMessage", { queueName, pollingWaitSeconds: 30 });
          const head = `POST ${apiPath} HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/x-www-form-urlencoded\r\n`;
          return receives.#send(Number(port), `${head}Content-Length: ${form.length}\r\n\r\n${form}`);
        }),
      );
    }
    return receives;
  }

  async #send(port: number, request: string): Promise<void> {
    const socket = connect(port, "127.0.0.1");
    this.#sockets.add(socket);
    let text = "";
    let isAnswered = false;
    socket.on("error", (error) => this.broken.push(error.message));
    socket.on("close", () => {
      if (!isAnswered) this.broken.push(`closed after ${JSON.stringify(text)}`);
    });
    socket.setEncoding("utf8").on("data", (piece: string) => {
      text += piece;
      const length = /^HTTP\/1.1 200 [^]*?content-length: (?<length>\d+)\r\n[^]*?\r\n\r\n/i.exec(text);
      if (length === null || Buffer.byteLength(text) < length[0].length + Number(length.groups?.["length"])) return;
      isAnswered = true;
      this.answers.push(JSON.parse(text.slice(length[0].length)) as CmqAnswer);
    });
    await once(socket, "connect");
    socket.write(request);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const open = [...this.#sockets].filter((socket) => !socket.destroyed);
    await Promise.all(
      open.map(async (socket) => {
        socket.removeAllListeners("close");
        const closed = once(socket, "close");
        socket.destroy();
        await closed;
      }),
    );
  }
}
