import { once } from "node:events";
import { createServer } from "node:net";
import type { Socket } from "node:net";

export interface TcpReceiver extends AsyncDisposable {
  readonly port: number;
  /** The message of each connection that sent it completely, without the four bytes of length. */
  readonly messages: readonly string[];
}

/** A receiver for messages over TCP. Each connection carries four bytes of length and one message. */
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
