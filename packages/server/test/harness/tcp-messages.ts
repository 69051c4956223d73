import { once } from "node:events";
import { createServer } from "node:net";
import type { Socket } from "node:net";

export interface TcpReceiver extends AsyncDisposable {
  readonly port: number;
  /**
   * One message for each connection that the sender has closed, without the four bytes of the length. If the length is
   * wrong, a note replaces the message.
   */
  readonly messages: readonly string[];
}

/** Starts a receiver for messages over TCP. Each connection carries one message, after a length of four bytes. */
export async function startTcpReceiver(byteOrder: "big" | "little"): Promise<TcpReceiver> {
  const messages: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    const pieces: Buffer[] = [];
    sockets.add(socket);
    // The server may be killed in the middle of a message.
    socket.on("error", () => undefined);
    socket.on("close", () => sockets.delete(socket));
    socket.on("data", (piece: Buffer) => pieces.push(piece));
    socket.on("end", () => {
      const all = Buffer.concat(pieces);
      const length = byteOrder === "big" ? all.readUInt32BE() : all.readUInt32LE();
      messages.push(length === all.length - 4 ? all.toString("utf8", 4) : `wrong length ${length}`);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the receiver has no port");
  return {
    port: address.port,
    messages,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
